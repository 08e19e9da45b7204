CREATE OR REPLACE FUNCTION masking.phone_is_routed(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM masking.wanted_routes(o, at) w
    JOIN masking.routes r ON r.side = w.side AND r.callee = w.callee
    WHERE w.must AND w.side = the_side AND r.order_id = o.order_id AND r.caller = phone
      AND masking.is_live(r.live, r.closed, at) AND r.proxy IS NOT DISTINCT FROM masking.number_of(o.proxy_number));
END
$$;
COMMENT ON FUNCTION masking.phone_is_routed(masking.orders, text, bigint, timestamptz) IS
  'Whether a further phone reaches the other party of the order as that is now.';

CREATE OR REPLACE FUNCTION masking.open_phone(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Routes a further phone to whom the main phone of its side reaches, for as long as that does.
--   reads   the order's routes
--   writes  routes; locks what give_way does. The caller holds the order's row and the phone
--   gives   true: it is routed from now on, or there is nobody to be routed to; false: it
--           reaches somebody else on that number
DECLARE
  since CONSTANT timestamptz := masking.connected_since(o, the_side, at);
  main record;
BEGIN
  SELECT w.callee, w.dials, w.until INTO main FROM masking.wanted_routes(o, since) w WHERE w.must AND w.side = the_side;
  IF since IS NULL OR main.until <= at OR masking.phone_is_routed(o, the_side, phone, at) THEN
    RETURN true;
  END IF;
  IF NOT masking.give_way(phone, main.callee, masking.number_of(o.proxy_number), at) THEN
    RETURN false;
  ELSIF EXISTS (
    -- What another transaction is just ending is in the way as well: the INSERT would wait for it.
    SELECT FROM masking.routes r
    WHERE r.caller + 0 = phone AND r.caller > 0 AND r.callee <> main.callee AND r.held && tstzrange(at, NULL)
      AND (r.proxy = masking.number_of(o.proxy_number) OR r.proxy IS NULL OR o.proxy_number IS NULL))
  THEN
    RETURN false;
  END IF;
  SET CONSTRAINTS masking.belongs DEFERRED; -- as in open_routes
  INSERT INTO masking.routes (order_id, side, caller, proxy, callee, dials, live, held, blocked, ended, began)
  VALUES (o.order_id, the_side, phone, masking.number_of(o.proxy_number), main.callee, main.dials, tstzrange(at, main.until),
    tstzrange(at, main.until + masking.setting_span('cool_off')), masking.is_blocked(o, the_side, phone, main.callee),
    CASE WHEN o.completed_at IS NOT NULL THEN 'order completed' END, nullif(since, at))
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
--   locks   its rows of order_phones that are free: one that is being removed waits for this order, and is left;
--           each phone that is to be routed, as lock_people does: without it, two orders that share
--           phones could wait for each other's routes
DECLARE
  phone masking.order_phones;
  at timestamptz := clock_timestamp();
BEGIN
  IF o.forgotten_at IS NOT NULL THEN
    DELETE FROM masking.order_phones p WHERE p.order_id = o.order_id;
    RETURN;
  END IF;
  FOR phone IN SELECT * FROM masking.order_phones p WHERE p.order_id = o.order_id
    ORDER BY p.side, p.number FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    IF NOT masking.phone_is_routed(o, phone.side, phone.phone, at) AND masking.connected_since(o, phone.side, at) IS NOT NULL
      AND EXISTS (
        SELECT FROM masking.wanted_routes(o, at) w WHERE NOT w.must AND w.side = phone.side AND w.caller = phone.phone)
      AND masking.lock_people(ARRAY[phone.phone], masking.patience())
    THEN
      at := clock_timestamp();
      PERFORM masking.open_phone(o, phone.side, phone.phone, at);
    END IF;
    UPDATE masking.order_phones p
    SET routed_since = CASE WHEN masking.phone_is_routed(o, phone.side, phone.phone, at) THEN coalesce(phone.routed_since, at) END
    WHERE p.order_id = phone.order_id AND p.side = phone.side AND p.number = phone.number;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.phones_follow(masking.orders) IS
  'Brings an order''s further phones in step with it.';
