CREATE OR REPLACE FUNCTION masking.purge_console_log(batch integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes what is older than 400 days, so many rows at most; for retention_run(). Locks only
-- those rows.
BEGIN
  RETURN masking.remove_older('masking.console_log', 'looked_at', '400 days', batch);
END
$$;
COMMENT ON FUNCTION masking.purge_console_log(integer) IS
  'Removes the oldest of console_log beyond 400 days, a batch at most; returns how many.';
