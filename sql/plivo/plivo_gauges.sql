-- What the metrics say about Plivo.

CREATE OR REPLACE FUNCTION masking.plivo_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Drift by kind, the live orders on numbers that nobody can ring, and when the last look was. No rows before the pool is connected: then there is
-- nothing to be in step with. Without a look since, it is that of the connection.
-- Reads: plivo_connection, plivo_look, pool_drift; live routes where a number is lost. Called by: gauges.
  SELECT 'pool_drift', format('kind="%s"', k.kind), count(d.kind)::double precision
  FROM masking.plivo_connection c
  CROSS JOIN unnest('{application,gone,idle,lost,renewal,sms,voice}'::text[]) AS k (kind)
  LEFT JOIN masking.pool_drift d ON d.kind = k.kind
  GROUP BY k.kind
  UNION ALL
  SELECT 'pool_drift_orders', format('kind="%s"', k.kind), (
    SELECT count(DISTINCT r.order_id) FROM masking.live_routes() r
    WHERE r.proxy IN (SELECT d.number::bigint FROM masking.pool_drift d WHERE d.kind = k.kind))::double precision
  FROM masking.plivo_connection c
  CROSS JOIN unnest('{gone,lost,voice}'::text[]) AS k (kind)
  UNION ALL
  SELECT 'plivo_look_timestamp_seconds', '', extract(epoch FROM coalesce(l.looked_at, c.connected_at))::double precision
  FROM masking.plivo_connection c LEFT JOIN masking.plivo_look l ON l.one = c.one
$$;
COMMENT ON FUNCTION masking.plivo_gauges() IS
  'Drift between Plivo and the pool by kind, the live orders that it concerns, and when the last look was; nothing unless connected.';
