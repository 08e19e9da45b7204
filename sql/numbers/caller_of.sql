-- A plain SQL function, put in place where it is asked. No calling code is the beginning of another.
CREATE OR REPLACE FUNCTION masking.country_of(number bigint) RETURNS SETOF masking.countries
LANGUAGE sql STABLE
AS $$
  SELECT c.* FROM masking.countries c
  WHERE c.is_main AND c.code IN (left(number::text, 1), left(number::text, 2), left(number::text, 3))
  ORDER BY c.is_own DESC, c.country
  LIMIT 1
$$;
COMMENT ON FUNCTION masking.country_of(bigint) IS
  'The country of a number, the largest of those that share its calling code; no row: the code is no country''s.';

CREATE OR REPLACE FUNCTION masking.short_caller(caller bigint, dialled bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Some networks send who calls in the national form of the country whose number was dialled. That is
-- certain with a leading zero (a negative number here); with it, it may also be what is dialled there before
-- a number abroad. Without it digits are what Plivo says they are, an international number, if they can be
-- one; so they are if such a number has orders, which a numbering plan may have brought that is newer than
-- number_lengths. Only what can be none is read nationally, and what can be two numbers not at all. (So
-- nobody who has a number is taken for somebody else. Calling codes that nobody has are those of many area
-- codes, as 214 is that of Dallas: they are read nationally, until a number of such a code has orders.)
--   reads  number_lengths, by calling code; for who cannot be international orders, order_phones, routes, countries
DECLARE
  c masking.countries;
  digits CONSTANT text := CASE WHEN caller < 0 THEN '0' || -caller ELSE caller::text END;
  readings text[];
BEGIN
  IF caller > 0 AND (masking.can_be(digits) OR masking.has_orders(masking.person(caller))) THEN
    RETURN masking.person(caller);
  END IF;
  SELECT k.* INTO c FROM masking.country_of(dialled) k;
  readings := ARRAY(
    SELECT unnest(masking.national_readings(digits, c)) UNION SELECT unnest(masking.foreign_readings(digits, c)));
  IF cardinality(readings) = 1 THEN
    RETURN masking.person(masking.number_of(readings[1]));
  END IF;
  RETURN CASE WHEN caller > 0 THEN masking.person(caller) END;
END
$$;
COMMENT ON FUNCTION masking.short_caller(bigint, bigint) IS
  'Who calls, of a number that may be in the national form of the number dialled; NULL: nobody knows.';

-- A plain SQL function, put in place where it is asked: most callers' numbers can be told at a glance. Those of
-- eleven digits that begin with 10 or 11 are nobody's in North America, and mobiles of São Paulo without +55.
CREATE OR REPLACE FUNCTION masking.caller_of(caller bigint, dialled bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN caller >= 100000000000 OR caller BETWEEN 12000000000 AND 19999999999 THEN masking.person(caller) ELSE masking.short_caller(caller, dialled) END
$$;
COMMENT ON FUNCTION masking.caller_of(bigint, bigint) IS
  'Who calls, in the spelling of masking.person(): the number as the server has it (negative: with one leading zero), and the number dialled.';
