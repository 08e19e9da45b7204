-- Without this a column that may not be NULL would refuse it, with an error that
-- shows the row, numbers and all.
CREATE OR REPLACE FUNCTION masking.hashed(number bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  hash bigint := masking.hash_if_keyed(number);
BEGIN
  IF hash IS NULL AND number IS NOT NULL THEN
    RAISE EXCEPTION 'secrets: the key number_hashes is gone, so no number can be forgotten'
      USING ERRCODE = 'MK011', TABLE = 'secrets',
        HINT = 'Put a new random key there; what was hashed with the old one stays meaningless.';
  END IF;
  RETURN hash;
END
$$;
COMMENT ON FUNCTION masking.hashed(bigint) IS
  'What replaces a forgotten number: a keyed hash, negative, the same for the same number.';
