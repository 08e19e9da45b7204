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
