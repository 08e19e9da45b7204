CREATE OR REPLACE FUNCTION masking.number_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The same from every server, and after its restart: a number that is dead shows here.
--   reads   last_calls, live routes
--   writes  what note_last_calls writes
--   who     gauges
#variable_conflict use_column
BEGIN
  PERFORM masking.note_last_calls();
  RETURN QUERY
  SELECT 'number_last_call_timestamp_seconds', format('number="%s"', l.number), extract(epoch FROM greatest(l.enabled_at, l.called_at))::double precision
  FROM masking.last_calls l
  WHERE l.enabled_at IS NOT NULL
  UNION ALL
  SELECT 'number_live_routes', format('number="%s"', l.number), count(*)::double precision
  FROM masking.live_routes() r
  JOIN masking.last_calls l ON l.number = r.proxy AND l.enabled_at IS NOT NULL
  GROUP BY l.number;
END
$$;
COMMENT ON FUNCTION masking.number_gauges() IS
  'Of each enabled number: when it was called or written to last (not since it is enabled: since when it is), and how many routes are live on it, if any.';
