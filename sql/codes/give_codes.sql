-- A code lasts as long as the route of its side, or while the order waits for a
-- number as long as one would: what expired stays so, whatever is written. A new
-- number keeps the digits if they are free there. A new person gets new ones. On a number
-- that was replaced the code is good as long as the route.
CREATE OR REPLACE FUNCTION masking.kept_code(
  o masking.orders, the_side text, same_person boolean, at timestamptz) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  had masking.codes;
  until timestamptz;
  on_proxy bigint := masking.number_of(o.proxy_number);
BEGIN
  -- What has expired stays so, also when the clock is set back.
  UPDATE masking.codes c SET closed = true
  WHERE c.order_id = o.order_id AND c.side = the_side AND NOT c.closed AND upper(c.live) <= at;
  SELECT c.* INTO had FROM masking.codes c
  WHERE c.order_id = o.order_id AND c.side = the_side AND masking.is_live(c.live, c.closed, at)
  ORDER BY c.proxy IS NOT DISTINCT FROM on_proxy DESC, lower(c.live) DESC
  LIMIT 1;
  until := masking.live_until(o, the_side, coalesce(lower(had.live), at));
  IF o.forgotten_at IS NOT NULL OR NOT masking.setting_on('codes') THEN
    until := at;
  ELSIF o.unmasked_since IS NULL THEN
    until := least(until, coalesce((
      SELECT max(upper(r.live)) FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = the_side AND masking.is_live(r.live, r.closed, at)), at));
  END IF;
  UPDATE masking.codes c
  SET live = tstzrange(lower(c.live), greatest(least(upper(c.live), n.until), lower(c.live) + interval '1 microsecond')),
    closed = n.until <= at
  FROM (
    SELECT t.code_id, coalesce(max(upper(r.live)) FILTER (WHERE same_person AND until > at AND on_proxy IS NOT NULL), at) AS until
    FROM masking.codes t
    LEFT JOIN masking.routes r ON r.order_id = t.order_id AND r.proxy = t.proxy AND r.former AND masking.is_live(r.live, r.closed, at)
      AND r.side = the_side AND masking.is_main(o, r.side, r.caller, r.callee)
    WHERE t.order_id = o.order_id AND t.side = the_side AND t.proxy IS DISTINCT FROM on_proxy AND masking.is_live(t.live, t.closed, at)
    GROUP BY t.code_id
  ) n
  WHERE c.order_id = o.order_id AND c.code_id = n.code_id;
  IF had.code IS NOT NULL AND same_person AND had.proxy IS NOT DISTINCT FROM on_proxy
    AND until > at AND until <= upper(had.live)
  THEN
    -- (As a route's: never empty, also when the clock was set back.)
    until := greatest(until, lower(had.live) + interval '1 microsecond');
    UPDATE masking.codes c SET live = tstzrange(lower(c.live), until)
    WHERE c.order_id = o.order_id AND c.code_id = had.code_id AND upper(c.live) <> until;
    RETURN had.code;
  END IF;
  UPDATE masking.codes c
  SET live = tstzrange(lower(c.live), greatest(at, lower(c.live) + interval '1 microsecond')), closed = true
  WHERE c.order_id = o.order_id AND c.code_id = had.code_id AND c.proxy IS NOT DISTINCT FROM on_proxy;
  IF until <= at THEN
    RETURN NULL;
  END IF;
  RETURN masking.issue_code(o.order_id, the_side, on_proxy,
    least(greatest(at, lower(had.live) + interval '1 microsecond'), until - interval '1 microsecond'), until,
    CASE WHEN same_person THEN had.code END);
END
$$;
COMMENT ON FUNCTION masking.kept_code(masking.orders, text, boolean, timestamptz) IS
  'The code of one side of an order as it is now, its rows in codes brought in step; NULL: it has none.';

CREATE OR REPLACE FUNCTION masking.give_codes(before masking.orders, o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
DECLARE
  at timestamptz := clock_timestamp();
BEGIN
  IF num_nonnulls(before.customer_code, before.agent_code) = 0 AND NOT masking.setting_on('codes') THEN
    RETURN o;
  END IF;
  o.customer_code := masking.kept_code(o, 'customer', masking.party(before, 'customer') = masking.party(o, 'customer'), at);
  o.agent_code := masking.kept_code(o, 'agent',
    before.order_id IS NOT NULL AND masking.party(before, 'agent') IS NOT DISTINCT FROM masking.party(o, 'agent'), at);
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.give_codes(masking.orders, masking.orders) IS
  'The order, as it was before, with its codes. Does nothing while codes are off and the order has none.';

CREATE OR REPLACE FUNCTION masking.end_codes(the_order text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE masking.codes c
  SET live = tstzrange(lower(c.live), greatest(at, lower(c.live) + interval '1 microsecond')), closed = true
  WHERE c.order_id = the_order AND masking.is_live(c.live, c.closed, at);
END
$$;
COMMENT ON FUNCTION masking.end_codes(text, timestamptz) IS 'Ends the codes of an order that is deleted.';
