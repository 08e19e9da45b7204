CREATE OR REPLACE FUNCTION masking.remove_older(what regclass, written_at name, older_than interval, at_most integer)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes the oldest rows of a table that are older than this by the named column, which has an
-- index, so many at most; returns how many.
--   locks   those rows, as far as they are free
--   who     retention_run and its parts
DECLARE
  removed integer;
BEGIN
  EXECUTE format('DELETE FROM %1$s t WHERE t.ctid = ANY (ARRAY(
    SELECT o.ctid FROM %1$s o WHERE o.%2$I < now() - $1 ORDER BY o.%2$I LIMIT $2 FOR UPDATE SKIP LOCKED))', what, written_at)
  USING older_than, at_most;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END
$$;
COMMENT ON FUNCTION masking.remove_older(regclass, name, interval, integer) IS
  'Removes the oldest rows of a table beyond an age, so many at most; returns how many.';
