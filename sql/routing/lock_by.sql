CREATE OR REPLACE FUNCTION masking.lock_by(deadline timestamptz, what text, key integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  WHILE NOT pg_try_advisory_xact_lock(hashtext(what), key) LOOP
    IF clock_timestamp() > deadline THEN
      RETURN false;
    END IF;
    PERFORM pg_sleep(0.0002 + random() * 0.002);
  END LOOP;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.lock_by(timestamptz, text, integer) IS
  'Tries for a lock of this transaction until the deadline; false if others would not let go.';
