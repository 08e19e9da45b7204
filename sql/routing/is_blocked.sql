-- A table of a few rows, read whole.
CREATE OR REPLACE FUNCTION masking.may_dial(number bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN number IS NULL OR NOT EXISTS (SELECT FROM masking.dial_prefixes) OR coalesce(
    (SELECT p.allowed FROM masking.dial_prefixes p JOIN unnest(masking.spellings(number)) AS s (digits) ON starts_with(s.digits, p.prefix)
      ORDER BY length(p.prefix) DESC, p.allowed LIMIT 1),
    NOT EXISTS (SELECT FROM masking.dial_prefixes p WHERE p.allowed));
END
$$;
COMMENT ON FUNCTION masking.may_dial(bigint) IS 'Whether dial_prefixes lets us ring this number: the longest prefix that fits it in either spelling decides.';

CREATE OR REPLACE FUNCTION masking.is_blocked(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- May this side of an order call (and write to) the other from this phone? What stands against it:
-- a block of the order, one of a person (whoever calls for the order's customer counts as the
-- customer, from whatever phone), or a number that may not be rung.
--   reads  order_blocks, blocked_people, dial_prefixes
--   who    whatever opens routes, blocks_follow, answer_codes
DECLARE
  own CONSTANT bigint := masking.party(o, the_side);
BEGIN
  IF EXISTS (SELECT FROM masking.order_blocks b WHERE b.order_id = o.order_id AND b.side IN (the_side, 'both'))
    OR NOT masking.may_dial(the_callee)
  THEN
    RETURN true;
  END IF;
  RETURN EXISTS (SELECT FROM masking.blocked_people) AND EXISTS (
    SELECT FROM masking.blocked_people p
    WHERE p.person IN (masking.hash_if_keyed(the_caller), masking.hash_if_keyed(own)) AND p.direction IN ('from', 'both')
      OR p.person = masking.hash_if_keyed(the_callee) AND p.direction IN ('to', 'both'));
END
$$;
COMMENT ON FUNCTION masking.is_blocked(masking.orders, text, bigint, bigint) IS
  'Whether that side of an order may not call the other from that phone.';
