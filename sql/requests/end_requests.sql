CREATE OR REPLACE FUNCTION masking.end_requests(call_uuids text[], request_ids text[], shown bigint[], statuses text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- A call that we placed is over; Plivo says so also where nobody answered, and then this makes the call's row. What else the
-- event tells is recorded by record_events, after this: the feed tells of a call that is about an order.
--   writes  requests, calls
--   locks   requests, in the order of their ids; then rows of calls, in the order of theirs
--   who     the server
DECLARE
  told record;
  r masking.requests;
BEGIN
  PERFORM FROM masking.requests k WHERE k.request_id = ANY (request_ids) ORDER BY k.request_id FOR NO KEY UPDATE;
  FOR told IN
    SELECT * FROM unnest(call_uuids, request_ids, shown, statuses) AS a (call_uuid, request_id, shown, status) ORDER BY a.call_uuid
  LOOP
    r := masking.bound_request(told.request_id, told.call_uuid);
    CONTINUE WHEN r.request_id IS NULL;
    UPDATE masking.requests k SET ended_at = coalesce(k.ended_at, now()), first = NULL WHERE k.request_id = r.request_id;
    INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, proxy, side, order_ids, outcome, placed)
    VALUES (told.call_uuid, now(), now(), coalesce(r.proxy, told.shown), r.side, ARRAY[r.order_id],
      CASE told.status WHEN 'busy' THEN 'first_busy' WHEN 'failed' THEN 'first_failed' WHEN 'completed' THEN 'not_asked' ELSE 'first_no_answer' END, true)
    -- (An apology names no order.)
    ON CONFLICT (call_uuid) DO UPDATE SET placed = true, side = EXCLUDED.side, order_ids = EXCLUDED.order_ids,
      outcome = CASE c.outcome WHEN 'not_asked' THEN EXCLUDED.outcome ELSE c.outcome END
    WHERE c.order_ids IS NULL;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.end_requests(text[], text[], bigint[], text[]) IS
  'Notes that calls that we placed are over, with Plivo''s CallStatus; shown: the number that was seen.';
GRANT EXECUTE ON FUNCTION masking.end_requests(text[], text[], bigint[], text[]) TO masking_server;
