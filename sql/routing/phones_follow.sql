CREATE OR REPLACE FUNCTION masking.phone_is_routed(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM masking.routes r
    WHERE r.order_id = o.order_id AND r.side = the_side AND r.caller = masking.person(phone)
      AND upper(r.live) > at AND NOT r.closed
      AND r.callee = masking.number_of(CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END)
      AND r.proxy IS NOT DISTINCT FROM masking.number_of(o.proxy_number));
END
$$;
COMMENT ON FUNCTION masking.phone_is_routed(masking.orders, text, bigint, timestamptz) IS
  'Whether a further phone reaches the other party of the order as that is now.';

-- true: it reaches the other party from now on, or nobody is there to reach.
CREATE OR REPLACE FUNCTION masking.open_phone(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  other bigint := masking.number_of(CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END);
  on_proxy bigint := masking.number_of(o.proxy_number);
  until timestamptz := masking.live_until(o, the_side, at);
BEGIN
  IF o.forgotten_at IS NOT NULL OR o.unmasked_since IS NOT NULL OR until <= at
    OR masking.phone_is_routed(o, the_side, phone, at)
  THEN
    RETURN true;
  END IF;
  IF NOT masking.give_way(masking.person(phone), other, on_proxy, at) THEN
    RETURN false;
  END IF;
  SET CONSTRAINTS masking.belongs DEFERRED; -- as in open_routes
  INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held, blocked, ended)
  VALUES (o.order_id, the_side, masking.person(phone), on_proxy, other, tstzrange(at, until),
    tstzrange(at, until + masking.setting_span('cool_off')),
    masking.is_blocked(o, the_side, phone, other),
    CASE WHEN o.completed_at IS NOT NULL THEN 'order completed' END)
  ON CONFLICT ON CONSTRAINT one_counterpart DO NOTHING;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.open_phone(masking.orders, text, bigint, timestamptz) IS
  'Routes a further phone to the other party; false: it reaches somebody else on that number.';

CREATE OR REPLACE FUNCTION masking.phones_follow(o masking.orders) RETURNS void
LANGUAGE plpgsql
AS $$
-- Brings an order's further phones in step with it. An order moves on without failing for a
-- further phone: if that is taken on the order's new number it is left without a route, and
-- routed_since says so.
--   writes  routes, order_phones of this order, whose row the caller holds
--   locks   each phone, as lock_people does: without it, two orders that share phones could
--           wait for each other's routes
DECLARE
  phone masking.order_phones;
  at timestamptz := clock_timestamp();
BEGIN
  IF o.forgotten_at IS NOT NULL THEN
    DELETE FROM masking.order_phones p WHERE p.order_id = o.order_id;
    RETURN;
  END IF;
  FOR phone IN SELECT * FROM masking.order_phones p WHERE p.order_id = o.order_id LOOP
    -- A main phone or a proxy number may have come after this phone.
    IF phone.number NOT IN (coalesce(o.customer_number, ''), coalesce(o.agent_number, ''))
      AND NOT EXISTS (SELECT FROM masking.proxy_numbers n WHERE n.number = phone.number)
      AND masking.lock_people(ARRAY[masking.person(masking.number_of(phone.number))], masking.setting_span('lock_wait'))
    THEN
      at := clock_timestamp();
      PERFORM masking.open_phone(o, phone.side, masking.number_of(phone.number), at);
    END IF;
    UPDATE masking.order_phones p
    SET routed_since = CASE
      WHEN masking.phone_is_routed(o, phone.side, masking.number_of(phone.number), at)
      THEN coalesce(phone.routed_since, at) END
    WHERE p.order_id = phone.order_id AND p.side = phone.side AND p.number = phone.number;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.phones_follow(masking.orders) IS
  'Brings an order''s further phones in step with it.';
