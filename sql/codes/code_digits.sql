-- How many digits the longest code on a number has; NULL: there is none.
CREATE OR REPLACE FUNCTION masking.code_digits(on_proxy bigint) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  FOR digits IN REVERSE 15..5 LOOP
    IF EXISTS (SELECT FROM masking.codes c
        WHERE c.proxy = on_proxy AND length(c.code) = digits AND masking.is_live(c.live, c.closed))
      OR EXISTS (SELECT FROM masking.codes c
        WHERE c.proxy IS NULL AND length(c.code) = digits AND masking.is_live(c.live, c.closed))
    THEN
      RETURN digits;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.code_digits(bigint) IS 'The most digits to wait for; NULL: nobody could enter a right code.';
