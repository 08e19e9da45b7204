CREATE OR REPLACE FUNCTION masking.spellings(number bigint) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT array_remove(ARRAY[
    p.person::text,
    CASE
      WHEN p.person BETWEEN 520000000000 AND 529999999999 THEN (p.person + 4690000000000)::text
      WHEN p.person BETWEEN 540000000000 AND 549999999999 THEN (p.person + 4950000000000)::text
    END], NULL)
  FROM (SELECT masking.person(number) AS person) p
$$;
COMMENT ON FUNCTION masking.spellings(bigint) IS
  'All ways of writing a phone in E.164: masking.person() the other way round.';
