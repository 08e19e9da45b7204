CREATE OR REPLACE FUNCTION masking.is_proxy(the_number bigint) RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT EXISTS (SELECT FROM masking.proxy_numbers p WHERE masking.person(p.e164) = masking.person(the_number))
$$;
COMMENT ON FUNCTION masking.is_proxy(bigint) IS
  'Whether a number is one of the pool, in either spelling of masking.person().';
