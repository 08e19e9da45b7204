-- From the operating system's random numbers, 48 bits of them.
CREATE OR REPLACE FUNCTION masking.random_digits(many integer) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT right(lpad((('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint)::text, 15, '0'), many)
$$;
COMMENT ON FUNCTION masking.random_digits(integer) IS 'So many digits nobody can foresee, 14 at most of them evenly spread.';
