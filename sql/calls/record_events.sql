CREATE OR REPLACE FUNCTION masking.record_events(
  call_uuids text[], dialled bigint[], says text[],
  dial_statuses text[], dial_causes text[], dial_rang bigint[],
  callee_answered bigint[], callee_ended bigint[], callee_rang_seconds bigint[], callee_seconds bigint[],
  callee_costs text[], callee_causes text[], callee_codes bigint[], callee_sources text[],
  caller_ended bigint[], caller_rang_seconds bigint[], caller_seconds bigint[],
  caller_costs text[], caller_causes text[], caller_codes bigint[], caller_sources text[],
  recording_seconds bigint[], recording_urls text[])
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What Plivo told about calls after their answer: of each column of calls the greatest value that
-- was told, NULL where an event tells nothing of it. The greatest is the same in whatever order and
-- however often events come. An event that overtakes its call makes the call's row.
--   reads   prompts, proxy_numbers (where something is said)
--   writes  calls; no column of an index, so that the new version stays on its page
--   locks   rows of calls, in the order of their ids
--   who     the server
#variable_conflict use_column
BEGIN
  INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, outcome, proxy,
    dial_status, dial_cause, dial_rang, callee_answered, callee_ended, callee_rang_seconds, callee_seconds,
    callee_cost, callee_cause, callee_code, callee_source, caller_ended, caller_rang_seconds, caller_seconds,
    caller_cost, caller_cause, caller_code, caller_source, recording_seconds, recording_url)
  SELECT e.call_uuid, now(), now(), 'not_asked', max(e.proxy),
    max(e.dial_status), max(e.dial_cause), max(e.dial_rang) = 1,
    max(e.callee_answered) = 1, max(e.callee_ended) = 1, max(e.callee_rang_seconds), max(e.callee_seconds),
    max(e.callee_cost::numeric), max(e.callee_cause), max(e.callee_code), max(e.callee_source),
    max(e.caller_ended) = 1, max(e.caller_rang_seconds), max(e.caller_seconds),
    max(e.caller_cost::numeric), max(e.caller_cause), max(e.caller_code), max(e.caller_source),
    max(e.recording_seconds), max(e.recording_url)
  FROM unnest(call_uuids, dialled, dial_statuses, dial_causes, dial_rang, callee_answered, callee_ended,
      callee_rang_seconds, callee_seconds, callee_costs, callee_causes, callee_codes, callee_sources,
      caller_ended, caller_rang_seconds, caller_seconds, caller_costs, caller_causes, caller_codes, caller_sources,
      recording_seconds, recording_urls)
    AS e (call_uuid, proxy, dial_status, dial_cause, dial_rang, callee_answered, callee_ended,
      callee_rang_seconds, callee_seconds, callee_cost, callee_cause, callee_code, callee_source,
      caller_ended, caller_rang_seconds, caller_seconds, caller_cost, caller_cause, caller_code, caller_source,
      recording_seconds, recording_url)
  GROUP BY e.call_uuid
  ORDER BY e.call_uuid
  ON CONFLICT (call_uuid) DO UPDATE SET
    proxy = coalesce(c.proxy, EXCLUDED.proxy),
    dial_status = greatest(c.dial_status, EXCLUDED.dial_status),
    dial_cause = greatest(c.dial_cause, EXCLUDED.dial_cause),
    dial_rang = greatest(c.dial_rang, EXCLUDED.dial_rang),
    callee_answered = greatest(c.callee_answered, EXCLUDED.callee_answered),
    callee_ended = greatest(c.callee_ended, EXCLUDED.callee_ended),
    callee_rang_seconds = greatest(c.callee_rang_seconds, EXCLUDED.callee_rang_seconds),
    callee_seconds = greatest(c.callee_seconds, EXCLUDED.callee_seconds),
    callee_cost = greatest(c.callee_cost, EXCLUDED.callee_cost),
    callee_cause = greatest(c.callee_cause, EXCLUDED.callee_cause),
    callee_code = greatest(c.callee_code, EXCLUDED.callee_code),
    callee_source = greatest(c.callee_source, EXCLUDED.callee_source),
    caller_ended = greatest(c.caller_ended, EXCLUDED.caller_ended),
    caller_rang_seconds = greatest(c.caller_rang_seconds, EXCLUDED.caller_rang_seconds),
    caller_seconds = greatest(c.caller_seconds, EXCLUDED.caller_seconds),
    caller_cost = greatest(c.caller_cost, EXCLUDED.caller_cost),
    caller_cause = greatest(c.caller_cause, EXCLUDED.caller_cause),
    caller_code = greatest(c.caller_code, EXCLUDED.caller_code),
    caller_source = greatest(c.caller_source, EXCLUDED.caller_source),
    recording_seconds = greatest(c.recording_seconds, EXCLUDED.recording_seconds),
    recording_url = greatest(c.recording_url, EXCLUDED.recording_url);

  RETURN QUERY
  SELECT a.place::integer, p.say, p.voice, p.language
  FROM unnest(says, dialled) WITH ORDINALITY AS a (event, proxy, place)
  CROSS JOIN LATERAL (SELECT * FROM masking.prompt(a.event, a.proxy) WHERE a.event IS NOT NULL OFFSET 0) p;
END
$$;
COMMENT ON FUNCTION masking.record_events(text[], bigint[], text[], text[], text[], bigint[], bigint[], bigint[],
  bigint[], bigint[], text[], text[], bigint[], text[], bigint[], bigint[], bigint[], text[], text[],
  bigint[], text[], bigint[], text[]) IS
  'Records a batch of events, each as the columns of calls that it tells of (costs as decimal text, what is true or false as 1 or 0); says: the event of prompts that its caller is to hear, or NULL. Rows: what these hear.';
GRANT EXECUTE ON FUNCTION masking.record_events(text[], bigint[], text[], text[], text[], bigint[], bigint[], bigint[],
  bigint[], bigint[], text[], text[], bigint[], text[], bigint[], bigint[], bigint[], text[], text[],
  bigint[], text[], bigint[], text[]) TO masking_server;
