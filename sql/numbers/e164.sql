-- What people and programs leave between digits: blanks of every width become one kind; marks that
-- nobody sees (writing direction, zero width, soft hyphen) go.
CREATE OR REPLACE FUNCTION masking.visible(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT regexp_replace(regexp_replace(regexp_replace(value,
    E'[\u00AD\u034F\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFE00-\uFE0F\uFEFF]', '', 'g'),
    E'[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]', ' ', 'g'),
    E'[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]', '-', 'g')
$$;
COMMENT ON FUNCTION masking.visible(text) IS
  'A text without marks that nobody sees, its blanks and dashes the plain ones.';

-- What is no phone number whatever its digits are: NULL. number_parse() of the server reads the same.
CREATE OR REPLACE FUNCTION masking.without_marks(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    -- "+44 (0)20 …": a zero to dial or to leave out, depending on where one is.
    WHEN seen ~ '[[(] *0 *[])]'
    -- "14156661001.0" is a number that a program took for an amount, and its zero no digit of it: zeros behind a
    -- dot, only one of them, or fewer than the digits before the dot, or behind the only dot among plain digits.
    -- ("+33.1.42.76.40.00" has a last pair like the others.)
      OR last_two[2] = '0' OR length(last_two[2]) < length(last_two[1]) OR seen ~ '^[^0-9]*[0-9]+[^0-9]*[.][^0-9]*0+[^0-9]*$'
    THEN NULL
    ELSE translate(seen, ' .-()[]', '') END
  FROM (SELECT masking.visible(value) COLLATE "C" AS seen) v
  CROSS JOIN LATERAL (SELECT regexp_match(seen, '([0-9]+)[^0-9]*[.][^0-9]*(0+)[^0-9]*$') AS last_two) g
$$;
COMMENT ON FUNCTION masking.without_marks(text) IS
  'A number that somebody wrote, without blanks, dots, dashes and brackets; NULL: a zero in brackets, or decimal places.';

-- Every way of reading digits that stand for a number of this country; one, or it is not certain.
CREATE OR REPLACE FUNCTION masking.national_readings(digits text, c masking.countries) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT c.code || n.national
    FROM (
      SELECT digits
      UNION ALL
      SELECT substr(digits, length(t.trunk) + 1) FROM unnest(c.trunks) AS t (trunk) WHERE starts_with(digits, t.trunk)
      UNION ALL
      SELECT substr(digits, length(c.code) + 1) WHERE starts_with(digits, c.code)
    ) AS n (national)
    JOIN masking.number_lengths l ON l.code = c.code AND l.length = length(n.national)
      AND strpos(l.first_digits, left(n.national, 1)) > 0);
END
$$;
COMMENT ON FUNCTION masking.national_readings(text, masking.countries) IS
  'What digits without "+" mean in a country: with or without its trunk prefix, or with its own code; all that fit.';

-- In some countries what is dialled before a number abroad begins with 00 and goes on, as 0011.
CREATE OR REPLACE FUNCTION masking.foreign_readings(digits text, c masking.countries) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF digits !~ ('^(?:00|' || c.abroad || ')') THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT DISTINCT substr(digits, n + 1) FROM generate_series(2, 6) n
    WHERE (left(digits, n) = '00' OR left(digits, n) ~ ('^(?:' || c.abroad || ')$')) AND substr(digits, n + 1) ~ '^[1-9][0-9]{6,14}$'
      AND masking.can_be(substr(digits, n + 1)));
END
$$;
COMMENT ON FUNCTION masking.foreign_readings(text, masking.countries) IS
  'What digits mean that begin with the way out of a country, as 00 or 011; all that fit.';

CREATE OR REPLACE FUNCTION masking.without_plus(digits text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Digits without "+", by the setting national_numbers: international as they are, refused, or those
-- of a country; a leading 00 is "+" everywhere. What could be two numbers is none: a guess would ring
-- somebody.
--   reads  settings, countries
DECLARE
  rule CONSTANT text := masking.setting_word('national_numbers');
  c masking.countries;
  readings text[];
BEGIN
  IF rule IN ('international', 'refused') THEN
    RETURN (regexp_match(digits, CASE rule WHEN 'refused' THEN '^00([1-9][0-9]{6,14})$' ELSE '^(?:00)?([1-9][0-9]{6,14})$' END))[1];
  END IF;
  SELECT * INTO c FROM masking.countries k WHERE k.country = rule;
  IF c.abroad = '00' AND starts_with(digits, '00') THEN
    RETURN (regexp_match(digits, '^00([1-9][0-9]{6,14})$'))[1];
  END IF;
  SELECT array_agg(DISTINCT r.reading) INTO readings
  FROM (
    SELECT unnest(masking.national_readings(digits, c)) AS reading WHERE NOT starts_with(digits, '00')
    UNION ALL
    SELECT unnest(masking.foreign_readings(digits, c))
  ) r;
  -- An American number without "+" may look like one of a service in India: it is neither.
  RETURN CASE WHEN cardinality(readings) = 1 AND (masking.can_be(readings[1], true) OR NOT starts_with(readings[1], c.code)) THEN readings[1] END;
END
$$;
COMMENT ON FUNCTION masking.without_plus(text) IS
  'E.164 digits of a number that was written without "+", by the setting national_numbers; NULL: it is none, or could be two.';

CREATE OR REPLACE FUNCTION masking.e164(value text, column_name text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Numbers that cannot be are refused, or an order would be masked and nobody ever reached. A number that has
-- orders is one, whatever was known of it before or after: what is stored can be written again, blocked, erased.
--   reads  settings, number_lengths; for a number that cannot be countries, orders, order_phones, routes, proxy_numbers
DECLARE
  written CONSTANT text := masking.without_marks(value) COLLATE "C";
  -- What 32 bits make of every longer number.
  is_cut_off CONSTANT boolean := written IN ('2147483647', '4294967295');
  digits text := (regexp_match(written, '^[+]([1-9][0-9]{6,14})$'))[1];
  flaw record;
BEGIN
  IF digits IS NULL AND written ~ '^[0-9]{4,20}$' AND NOT is_cut_off THEN
    digits := masking.without_plus(written);
  END IF;
  IF digits IS NULL AND value IS NOT NULL THEN
    RAISE EXCEPTION '%: "%" is not a phone number %',
      column_name, masking.redacted(value), CASE masking.setting_word('national_numbers')
        WHEN 'international' THEN 'in international form' WHEN 'refused' THEN 'with "+" and country code'
        ELSE 'that could be read in one way only' END
      USING ERRCODE = 'MK001',
        COLUMN = column_name,
        HINT = CASE WHEN is_cut_off THEN 'A column of 32 bits makes this of every longer number. If it is one, write it with "+".' ELSE
          'Write "+", country code and number, 7 to 15 digits not starting with 0;'
          ' no zero behind the country code that is dialled at home only; a leading "00", spaces, dots, dashes and brackets are allowed; decimal places (".0") are not.'
          ' What digits without "+" mean is the setting national_numbers.' END;
  ELSIF masking.cannot_be(digits) AND NOT masking.has_orders(masking.person(masking.number_of(digits))) THEN
    flaw := masking.flaw_of(digits);
    RAISE EXCEPTION '%: "%" is not a phone number: %', column_name, masking.redacted(digits), flaw.reason
      USING ERRCODE = 'MK001', COLUMN = column_name, HINT = flaw.hint;
  END IF;
  RETURN digits;
END
$$;
COMMENT ON FUNCTION masking.e164(text, text) IS
  'E.164 digits of a number written by people, by the setting national_numbers; NULL for NULL; error MK001 naming the column for anything else.';
