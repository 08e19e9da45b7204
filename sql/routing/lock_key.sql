-- Anybody may read pg_locks, and there are few enough numbers to try them all.
CREATE OR REPLACE FUNCTION masking.lock_key(person bigint) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN hashint8(coalesce(masking.hash_if_keyed(person), person));
END
$$;
COMMENT ON FUNCTION masking.lock_key(bigint) IS
  'What stands for a person in a lock''s name.';
