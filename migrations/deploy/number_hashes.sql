-- Deploy number-masking:number_hashes to pg
--
-- A forgotten number leaves a keyed hash, so that counting and joining by
-- person still works. The key matters: there are few enough phone numbers to
-- hash them all. Deleting the key's row makes every hash meaningless for good.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.secrets (
  name text PRIMARY KEY,
  value bytea NOT NULL
);
COMMENT ON TABLE masking.secrets IS 'Keys made in this database; they never leave it. Granted to nobody.';
COMMENT ON COLUMN masking.secrets.name IS 'What it is for.';
COMMENT ON COLUMN masking.secrets.value IS 'The key.';

INSERT INTO masking.secrets (name, value)
SELECT 'number_hashes', sha256((gen_random_uuid()::text || gen_random_uuid())::bytea);

CREATE FUNCTION masking.hash_if_keyed(number bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$
  -- Keyed inside and outside, cut to 62 bits, negative: never a phone number.
  SELECT CASE WHEN number < 0 THEN number ELSE
    -1 - (('x' || encode(substr(sha256(s.value || sha256(s.value || number::text::bytea)), 1, 8), 'hex'))
      ::bit(64)::bigint & 4611686018427387903)
  END
  FROM masking.secrets s
  WHERE s.name = 'number_hashes'
$$;
COMMENT ON FUNCTION masking.hash_if_keyed(bigint) IS 'As masking.hashed(); NULL: the key is gone.';

-- Without this a column that may not be NULL would refuse it, with an error that
-- shows the row, numbers and all.
CREATE FUNCTION masking.hashed(number bigint) RETURNS bigint
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

COMMIT;
