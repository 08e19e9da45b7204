CREATE OR REPLACE FUNCTION masking.take_chore(the_name text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- One transaction at a time does a chore, and nobody waits for it. A row and not an advisory lock: that of a
-- known name could be taken by any role that may log in, and the chore would be done no more.
--   locks   the chore's row, if it is free, until the transaction ends
--   who     the chores; note_peak
BEGIN
  PERFORM FROM masking.chores c WHERE c.name = the_name FOR UPDATE SKIP LOCKED;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.take_chore(text) IS
  'Whether this transaction may do a chore; false: another one is at it.';
