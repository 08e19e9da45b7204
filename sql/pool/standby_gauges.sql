CREATE OR REPLACE FUNCTION masking.standby_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Without its synchronous standby every commit waits, or what is answered may be lost with this machine.
  SELECT 'standby_missing', '', (current_setting('synchronous_standby_names') <> ''
    AND NOT EXISTS (SELECT FROM pg_stat_replication))::integer::double precision
$$;
COMMENT ON FUNCTION masking.standby_gauges() IS
  'standby_missing: 1 while a synchronous standby is wanted and none is connected.';
