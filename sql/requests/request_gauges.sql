CREATE OR REPLACE FUNCTION masking.request_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'call_requests', format('state="%s"', w.state), count(c.state)::double precision
  FROM unnest(ARRAY['requested', 'placing', 'ringing', 'connected', 'unanswered', 'failed', 'refused', 'expired', 'unknown']) AS w (state)
  LEFT JOIN (
    SELECT r.state FROM masking.call_requests r WHERE masking.is_recent(r.requested_at, interval '1 hour') OFFSET 0
  ) c ON c.state = w.state
  GROUP BY w.state
$$;
COMMENT ON FUNCTION masking.request_gauges() IS 'What became of the calls that were asked for within the last hour.';
