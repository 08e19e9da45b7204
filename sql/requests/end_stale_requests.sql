CREATE OR REPLACE FUNCTION masking.end_stale_requests(the_order text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Ends requests of which nothing more is to be waited for: those that nobody placed in time, and those of whose end
-- Plivo did not tell. Whoever asks anew gets another one then.
--   reads, writes  requests (those open; of an order, by its id), call_life (by key)
--   locks   their rows, skipped where locked
--   who     request_written, request_take, retention_run
DECLARE
  moment CONSTANT timestamptz := clock_timestamp(); -- now() may be long ago, before a call that goes on
BEGIN
  WITH stale AS MATERIALIZED (
    SELECT r.request_id FROM masking.requests r
    LEFT JOIN masking.call_life l ON l.call_uuid = r.call_uuid
    WHERE r.ended_at IS NULL AND r.order_id = coalesce(the_order, r.order_id) AND CASE
      -- (What ends later than any may was noted by a clock that was set back since.)
      WHEN r.call_uuid IS NULL AND r.expires_at > moment + interval '10 minutes' THEN true
      WHEN r.state = 'requested' THEN r.expires_at <= moment
      -- Plivo, which may have others wait before it, has rung and told so by then.
      WHEN r.call_uuid IS NULL THEN r.expires_at <= moment - CASE r.state WHEN 'unknown' THEN interval '0' ELSE interval '2 minutes' END
      -- No call of Plivo's lasts longer than four hours, and no sentence of ours than two minutes.
      ELSE l.has_ended OR (abs(extract(epoch FROM moment - l.called_at)) < CASE l.outcome WHEN 'connected' THEN 14400 ELSE 120 END) IS NOT TRUE
    END
    LIMIT 500
    FOR NO KEY UPDATE OF r SKIP LOCKED)
  UPDATE masking.requests r SET ended_at = now(), first = NULL, state = CASE r.state WHEN 'requested' THEN 'expired' WHEN 'placing' THEN 'unknown' ELSE r.state END
  FROM stale s
  WHERE r.request_id = s.request_id;
END
$$;
COMMENT ON FUNCTION masking.end_stale_requests(text) IS
  'Ends requests for calls that were not placed in time, or of whose end nothing was told; of that order, or NULL: of all.';
