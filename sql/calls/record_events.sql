CREATE OR REPLACE FUNCTION masking.record_events(
  call_uuids text[], dialled bigint[], says text[],
  dial_statuses text[], dial_causes text[], dial_rang bigint[],
  callee_answered bigint[], callee_ended bigint[], callee_rang_seconds bigint[], callee_seconds bigint[],
  callee_costs text[], callee_causes text[], callee_codes bigint[], callee_sources text[],
  caller_ended bigint[], caller_rang_seconds bigint[], caller_seconds bigint[],
  caller_costs text[], caller_causes text[], caller_codes bigint[], caller_sources text[],
  recording_seconds bigint[], recording_urls text[], callee_confirmed bigint[])
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What Plivo told about calls after their answer: of each column of calls the greatest value that
-- was told, NULL where an event tells nothing of it. The greatest is the same in whatever order and
-- however often events come, and an event that tells nothing new writes nothing. An event that overtakes
-- its call makes the call's row.
--   reads   prompts, proxy_numbers (where something is said)
--   writes  calls; no column of an index, so that the new version stays on its page
--   locks   rows of calls, in the order of their ids: the UPDATE goes through the sorted batch row by row
--           (planner_pins.sql leaves it no other plan), and where a row is missing, the INSERT before it
--           locks all rows of the batch in that order
--   who     the server
#variable_conflict use_column
BEGIN
  -- Not one INSERT … ON CONFLICT DO UPDATE for all: that logs a lock of each row beside its new version.
  IF EXISTS (
    SELECT FROM unnest(call_uuids) AS e (call_uuid)
    WHERE NOT EXISTS (SELECT FROM masking.calls k WHERE k.call_uuid = e.call_uuid))
  THEN
    INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, outcome, proxy)
    SELECT e.call_uuid, now(), now(), 'not_asked', max(e.proxy)
    FROM unnest(call_uuids, dialled) AS e (call_uuid, proxy)
    GROUP BY e.call_uuid
    ORDER BY e.call_uuid
    ON CONFLICT (call_uuid) DO UPDATE SET proxy = c.proxy WHERE false;
  END IF;

  UPDATE masking.calls AS c SET
    proxy = coalesce(c.proxy, e.proxy),
    dial_status = greatest(c.dial_status, e.dial_status),
    dial_cause = greatest(c.dial_cause, e.dial_cause),
    dial_rang = greatest(c.dial_rang, e.dial_rang),
    callee_answered = greatest(c.callee_answered, e.callee_answered),
    callee_ended = greatest(c.callee_ended, e.callee_ended),
    callee_rang_seconds = greatest(c.callee_rang_seconds, e.callee_rang_seconds),
    callee_seconds = greatest(c.callee_seconds, e.callee_seconds),
    callee_cost = greatest(c.callee_cost, e.callee_cost),
    callee_cause = greatest(c.callee_cause, e.callee_cause),
    callee_code = greatest(c.callee_code, e.callee_code),
    callee_source = greatest(c.callee_source, e.callee_source),
    caller_ended = greatest(c.caller_ended, e.caller_ended),
    caller_rang_seconds = greatest(c.caller_rang_seconds, e.caller_rang_seconds),
    caller_seconds = greatest(c.caller_seconds, e.caller_seconds),
    caller_cost = greatest(c.caller_cost, e.caller_cost),
    caller_cause = greatest(c.caller_cause, e.caller_cause),
    caller_code = greatest(c.caller_code, e.caller_code),
    caller_source = greatest(c.caller_source, e.caller_source),
    recording_seconds = greatest(c.recording_seconds, e.recording_seconds),
    recording_url = greatest(c.recording_url, e.recording_url),
    callee_confirmed = greatest(c.callee_confirmed, e.callee_confirmed)
  FROM (
    SELECT t.call_uuid, max(t.proxy) AS proxy,
      max(t.dial_status) AS dial_status, max(t.dial_cause) AS dial_cause, max(t.dial_rang) = 1 AS dial_rang,
      max(t.callee_answered) = 1 AS callee_answered, max(t.callee_ended) = 1 AS callee_ended,
      max(t.callee_rang_seconds) AS callee_rang_seconds, max(t.callee_seconds) AS callee_seconds,
      max(t.callee_cost::numeric) AS callee_cost, max(t.callee_cause) AS callee_cause,
      max(t.callee_code) AS callee_code, max(t.callee_source) AS callee_source,
      max(t.caller_ended) = 1 AS caller_ended, max(t.caller_rang_seconds) AS caller_rang_seconds,
      max(t.caller_seconds) AS caller_seconds, max(t.caller_cost::numeric) AS caller_cost,
      max(t.caller_cause) AS caller_cause, max(t.caller_code) AS caller_code, max(t.caller_source) AS caller_source,
      max(t.recording_seconds) AS recording_seconds, max(t.recording_url) AS recording_url,
      max(t.callee_confirmed) = 1 AS callee_confirmed
    FROM unnest(call_uuids, dialled, dial_statuses, dial_causes, dial_rang, callee_answered, callee_ended,
        callee_rang_seconds, callee_seconds, callee_costs, callee_causes, callee_codes, callee_sources,
        caller_ended, caller_rang_seconds, caller_seconds, caller_costs, caller_causes, caller_codes, caller_sources,
        recording_seconds, recording_urls, callee_confirmed)
      AS t (call_uuid, proxy, dial_status, dial_cause, dial_rang, callee_answered, callee_ended,
        callee_rang_seconds, callee_seconds, callee_cost, callee_cause, callee_code, callee_source,
        caller_ended, caller_rang_seconds, caller_seconds, caller_cost, caller_cause, caller_code, caller_source,
        recording_seconds, recording_url, callee_confirmed)
    GROUP BY t.call_uuid
    ORDER BY t.call_uuid) AS e
  WHERE c.call_uuid = e.call_uuid
    AND ROW(coalesce(c.proxy, e.proxy), greatest(c.dial_status, e.dial_status), greatest(c.dial_cause, e.dial_cause),
      greatest(c.dial_rang, e.dial_rang), greatest(c.callee_answered, e.callee_answered),
      greatest(c.callee_ended, e.callee_ended), greatest(c.callee_rang_seconds, e.callee_rang_seconds),
      greatest(c.callee_seconds, e.callee_seconds), greatest(c.callee_cost, e.callee_cost),
      greatest(c.callee_cause, e.callee_cause), greatest(c.callee_code, e.callee_code),
      greatest(c.callee_source, e.callee_source), greatest(c.caller_ended, e.caller_ended),
      greatest(c.caller_rang_seconds, e.caller_rang_seconds), greatest(c.caller_seconds, e.caller_seconds),
      greatest(c.caller_cost, e.caller_cost), greatest(c.caller_cause, e.caller_cause),
      greatest(c.caller_code, e.caller_code), greatest(c.caller_source, e.caller_source),
      greatest(c.recording_seconds, e.recording_seconds), greatest(c.recording_url, e.recording_url),
      greatest(c.callee_confirmed, e.callee_confirmed))
      IS DISTINCT FROM ROW(c.proxy, c.dial_status, c.dial_cause, c.dial_rang, c.callee_answered, c.callee_ended, c.callee_rang_seconds,
        c.callee_seconds, c.callee_cost, c.callee_cause, c.callee_code, c.callee_source, c.caller_ended,
        c.caller_rang_seconds, c.caller_seconds, c.caller_cost, c.caller_cause, c.caller_code, c.caller_source,
        c.recording_seconds, c.recording_url, c.callee_confirmed);

  RETURN QUERY
  SELECT a.place::integer, p.say, p.voice, p.language
  FROM unnest(says, dialled) WITH ORDINALITY AS a (event, proxy, place)
  CROSS JOIN LATERAL (SELECT * FROM masking.prompt(a.event, a.proxy) WHERE a.event IS NOT NULL OFFSET 0) p;
END
$$;
COMMENT ON FUNCTION masking.record_events(text[], bigint[], text[], text[], text[], bigint[], bigint[], bigint[],
  bigint[], bigint[], text[], text[], bigint[], text[], bigint[], bigint[], bigint[], text[], text[],
  bigint[], text[], bigint[], text[], bigint[]) IS
  'Records a batch of events, each as the columns of calls that it tells of (costs as decimal text, what is true or false as 1 or 0); says: the event of prompts that its caller is to hear, or NULL. Rows: what these hear.';
GRANT EXECUTE ON FUNCTION masking.record_events(text[], bigint[], text[], text[], text[], bigint[], bigint[], bigint[],
  bigint[], bigint[], text[], text[], bigint[], text[], bigint[], bigint[], bigint[], text[], text[],
  bigint[], text[], bigint[], text[], bigint[]) TO masking_server;
