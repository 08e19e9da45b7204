-- Between the choice and the commit the number must not leave the pool.
CREATE OR REPLACE FUNCTION masking.keep_proxy(on_proxy bigint) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  IF on_proxy IS NULL THEN
    RETURN true;
  ELSIF NOT pg_try_advisory_xact_lock_shared(hashtext('masking.proxy_numbers'), masking.lock_key(on_proxy)) THEN
    RETURN false;
  ELSIF current_setting('transaction_isolation') = 'read committed' THEN
    RETURN EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = on_proxy);
  END IF;
  -- A snapshot may show what is gone by now; a row to lock is there, or it is 40001.
  PERFORM FROM masking.proxy_numbers p WHERE p.e164 = on_proxy FOR KEY SHARE;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.keep_proxy(bigint) IS
  'Keeps a number from being removed until this transaction ends; false if it is being removed or is gone.';
