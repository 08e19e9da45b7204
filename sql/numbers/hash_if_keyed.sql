CREATE OR REPLACE FUNCTION masking.hash_with(key bytea, number bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
  -- Keyed inside and outside, cut to 62 bits, negative: never a phone number.
  SELECT CASE WHEN number < 0 THEN number ELSE
    -1 - (('x' || encode(substr(sha256(key || sha256(key || masking.person(number)::text::bytea)), 1, 8), 'hex'))
      ::bit(64)::bigint & 4611686018427387903)
  END
$$;
COMMENT ON FUNCTION masking.hash_with(bytea, bigint) IS
  'As masking.hashed(), with this key: put in place where many numbers are hashed.';

CREATE OR REPLACE FUNCTION masking.hash_if_keyed(number bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$
  SELECT masking.hash_with(s.value, number)
  FROM masking.secrets s
  WHERE s.name = 'number_hashes'
$$;
COMMENT ON FUNCTION masking.hash_if_keyed(bigint) IS
  'As masking.hashed(); NULL: the key is gone. The same for both spellings of a phone.';
