CREATE OR REPLACE FUNCTION masking.can_be(digits text, only_people boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  codes CONSTANT text[] := ARRAY[left(digits, 1), left(digits, 2), left(digits, 3)];
BEGIN
  RETURN EXISTS (
    SELECT FROM masking.number_lengths l
    WHERE l.code = ANY (codes)
      AND l.length = length(digits) - length(l.code)
      AND strpos(CASE WHEN only_people THEN l.of_people ELSE l.first_digits END, substr(digits, length(l.code) + 1, 1)) > 0);
END
$$;
COMMENT ON FUNCTION masking.can_be(text, boolean) IS
  'Whether digits are a calling code that somebody has, and as many digits as there are behind it, beginning like them; only_people: like those of people, not of services.';

-- Less is known for certain than can_be() asks: a numbering plan gets new first digits sooner than new lengths.
-- But for a zero, which is dialled at home only where no number of that length begins with one.
CREATE OR REPLACE FUNCTION masking.cannot_be(digits text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  codes CONSTANT text[] := ARRAY[left(digits, 1), left(digits, 2), left(digits, 3)];
BEGIN
  RETURN (
    SELECT coalesce(bool_and(l.length <> length(digits) - length(l.code)
      OR l.first_digits = '' OR substr(digits, length(l.code) + 1, 1) = '0' AND strpos(l.first_digits, '0') = 0), false)
    FROM masking.number_lengths l
    WHERE l.code = ANY (codes));
END
$$;
COMMENT ON FUNCTION masking.cannot_be(text) IS
  'Whether digits are no number: their calling code is known, and has none of that length, or none that begins with their zero.';

CREATE OR REPLACE FUNCTION masking.has_orders(person bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Routes outlive a deleted order.
  RETURN EXISTS (SELECT FROM masking.orders_of(person, NULL)) OR EXISTS (SELECT FROM masking.routes r WHERE r.caller = person);
END
$$;
COMMENT ON FUNCTION masking.has_orders(bigint) IS 'Whether somebody, in the spelling of masking.person(), is or was on an order.';

CREATE OR REPLACE FUNCTION masking.flaw_of(digits text, OUT reason text, OUT hint text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Why digits are no number, and both ways of reading them: as they are written, and as they were probably meant,
-- which is without a trunk prefix behind the calling code, or as a national number: of a country that has
-- numbers in the pool (the one with most), or of North America, where "+1" is often left out.
--   reads  number_lengths, countries, proxy_numbers
--   shows  calling codes and how many digits there are, never the digits
DECLARE
  the_code text;
  lengths text;
  others integer;
  country text;
  meant text;
BEGIN
  SELECT l.code, coalesce(string_agg(l.length::text, ', ' ORDER BY l.length) FILTER (WHERE l.first_digits <> ''), '0')
  INTO the_code, lengths
  FROM masking.number_lengths l
  WHERE l.code IN (left(digits, 1), left(digits, 2), left(digits, 3)) GROUP BY l.code;
  others := length(digits) - length(the_code);
  country := '+' || the_code || coalesce((SELECT format(' (%s)', k.name) FROM masking.country_of(masking.number_of(digits)) k), '');
  SELECT format('+%s without the %s that is dialled within the country only', the_code, t.trunk) INTO meant
  FROM masking.countries c CROSS JOIN unnest(c.trunks) AS t (trunk)
  WHERE c.code = the_code AND starts_with(digits, c.code || t.trunk)
    AND masking.can_be(c.code || substr(digits, length(c.code || t.trunk) + 1))
  ORDER BY length(t.trunk) DESC
  LIMIT 1;
  IF meant IS NULL THEN
    SELECT format('+%s (%s) and %s digits, with "+%1$s" in front', c.code, c.name, length(digits)) INTO meant
    FROM masking.countries c
    CROSS JOIN LATERAL (SELECT count(*) AS numbers FROM masking.proxy_numbers p WHERE starts_with(p.number, c.code)) pool
    WHERE c.is_main AND (pool.numbers > 0 OR c.code = '1') AND cardinality(masking.national_readings(digits, c)) = 1
    ORDER BY pool.numbers DESC
    LIMIT 1;
  END IF;
  reason := format('%s has none of %s digits', country, others) || CASE
    WHEN EXISTS (SELECT FROM masking.number_lengths l WHERE l.code = the_code AND l.length = others AND l.first_digits <> '')
    THEN ' that begins with 0' ELSE '' END;
  hint := format('As written: %s and %s digits (numbers there have: %s). Probably meant: %s.'
    ' What digits without "+" mean is the setting national_numbers; which numbers there can be, the table number_lengths.',
    country, others, lengths, coalesce(meant, 'one digit more or less, or another country code'));
END
$$;
COMMENT ON FUNCTION masking.flaw_of(text) IS
  'What is wrong with digits of which masking.cannot_be() is true, in words that show none of them.';
