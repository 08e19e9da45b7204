-- What an event may tell: columns of calls, by name. The function's text is made from this list,
-- so that each stands here once. (A percent sign in that text must be doubled.)
DO $make$
DECLARE
  may_tell CONSTANT text[] := '{
    dial_status, dial_cause, dial_rang,
    callee_answered, callee_confirmed, callee_ended, callee_rang_seconds, callee_seconds, callee_cost,
    callee_cause, callee_code, callee_source,
    caller_ended, caller_rang_seconds, caller_seconds, caller_cost, caller_cause, caller_code, caller_source,
    recording_seconds, recording_url}';
BEGIN
  EXECUTE format($function$
CREATE OR REPLACE FUNCTION masking.record_events(call_uuids text[], dialled bigint[], says text[], told text[])
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What Plivo told about calls after their answer. Each event tells some columns of calls (others
-- that told names are not its to write), and each column keeps the greatest value it was told:
-- that is the same in whatever order and however often events come. An event that tells nothing new
-- writes nothing. An event that overtakes its call makes the call's row.
--   reads   prompts, proxy_numbers (where something is said)
--   writes  calls; no column of an index, so that the new version stays on its page; feed_inbox, with feed_calls (the trigger "told")
--   locks   rows of calls, in the order of their ids: the UPDATE goes through the sorted batch row by row
--           (planner_pins.sql leaves it no other plan); where a row is missing, or a second UPDATE is to
--           come for what the first finds unchanged, the INSERT before it locks all rows in that order
--   who     the server
#variable_conflict use_column
DECLARE
  -- Several events of one call take turns: an UPDATE changes a row once.
  turns CONSTANT integer := (
    SELECT max(times) FROM (SELECT count(*) AS times FROM unnest(call_uuids) AS u GROUP BY u) AS c);
BEGIN
  -- Not one INSERT … ON CONFLICT DO UPDATE for all: that logs a lock of each row beside its new version.
  IF turns > 1 OR EXISTS (
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

  FOR turn IN 1 .. coalesce(turns, 0) LOOP
    UPDATE masking.calls AS c SET
      proxy = coalesce(c.proxy, e.dialled),
      %1$s
    FROM (
      SELECT u.call_uuid AS told_of, u.dialled, row_number() OVER (PARTITION BY u.call_uuid) AS nth, t.*
      FROM unnest(call_uuids, dialled, told) AS u (call_uuid, dialled, told)
      CROSS JOIN LATERAL jsonb_populate_record(NULL::masking.calls, u.told::jsonb) AS t
      ORDER BY u.call_uuid) AS e
    WHERE e.nth = turn AND c.call_uuid = e.told_of
      AND (c.proxy IS NULL AND e.dialled IS NOT NULL OR %2$s);
  END LOOP;

  IF cardinality(array_remove(says, NULL)) > 0 THEN
    RETURN QUERY
    SELECT a.place::integer, p.say, p.voice, p.language
    FROM unnest(says, dialled) WITH ORDINALITY AS a (event, proxy, place)
    CROSS JOIN LATERAL (SELECT * FROM masking.prompt(a.event, a.proxy) WHERE a.event IS NOT NULL OFFSET 0) p;
  END IF;
END
$$;
$function$,
    (SELECT string_agg(format('%1$I = greatest(c.%1$I, e.%1$I)', m.name), E',\n      ') FROM unnest(may_tell) AS m (name)),
    (SELECT string_agg(format('greatest(c.%1$I, e.%1$I) IS DISTINCT FROM c.%1$I', m.name), E'\n        OR ') FROM unnest(may_tell) AS m (name)));
END
$make$;
COMMENT ON FUNCTION masking.record_events(text[], bigint[], text[], text[]) IS
  'Records a batch of events, each as a JSON object of the columns of calls that it tells of; says: the event of prompts that its caller is to hear, or NULL. Rows: what these hear.';
GRANT EXECUTE ON FUNCTION masking.record_events(text[], bigint[], text[], text[]) TO masking_server;
