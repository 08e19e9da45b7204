CREATE OR REPLACE FUNCTION masking.purge_console_log(batch integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes what is older than 400 days, so many rows at most; for retention_run(). Locks only
-- those rows.
DECLARE
  removed integer;
BEGIN
  DELETE FROM masking.console_log l
  WHERE l.ctid = ANY (ARRAY(
    SELECT o.ctid FROM masking.console_log o
    WHERE o.looked_at < now() - interval '400 days'
    ORDER BY o.looked_at LIMIT batch FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END
$$;
COMMENT ON FUNCTION masking.purge_console_log(integer) IS
  'Removes the oldest of console_log beyond 400 days, a batch at most; returns how many.';
