-- Anybody who logs in may read pg_locks, and take any advisory lock: there are few enough phones to try them all, the pool
-- is known, and order ids can be guessed.
CREATE OR REPLACE FUNCTION masking.lock_key(whose bigint) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN hashint8(coalesce(masking.hash_if_keyed(whose), whose));
END
$$;
COMMENT ON FUNCTION masking.lock_key(bigint) IS
  'What stands for a person, a number of ours or an order in a lock''s name.';
