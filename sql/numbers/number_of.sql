CREATE OR REPLACE FUNCTION masking.number_of(digits text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT digits::bigint
$$;
COMMENT ON FUNCTION masking.number_of(text) IS
  'A phone number as every table but those of the order system keeps it: from E.164 digits in text. The one place where text becomes a number.';
