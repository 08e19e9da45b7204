CREATE OR REPLACE FUNCTION masking.spellings(number bigint) RETURNS text[]
LANGUAGE sql STABLE
AS $$
  -- What orders may hold for this person: either spelling of the phone, or its hash.
  SELECT array_remove(ARRAY[
    p.person::text,
    CASE
      WHEN p.person BETWEEN 520000000000 AND 529999999999 THEN (p.person + 4690000000000)::text
      WHEN p.person BETWEEN 540000000000 AND 549999999999 THEN (p.person + 4950000000000)::text
    END,
    masking.hash_if_keyed(number)::text], NULL)
  FROM (SELECT masking.person(number) AS person) p
$$;
COMMENT ON FUNCTION masking.spellings(bigint) IS
  'All that the columns of orders may hold for the owner of a phone: masking.person() the other way round.';
