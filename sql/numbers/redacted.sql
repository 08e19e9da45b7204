CREATE OR REPLACE FUNCTION masking.redacted(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT '**' || right(regexp_replace(value COLLATE "C", '[^0-9]', '', 'g'), 2)
$$;
COMMENT ON FUNCTION masking.redacted(text) IS
  'The only form in which an error may show a number: ** and its last two digits.';
