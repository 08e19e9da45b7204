-- Deploy number-masking:order_phones to pg
--
-- A party may call from further phones: the office's, a partner's. Each gets a
-- route of its own to the other party, on the order's number and for as long,
-- under the same constraint as every route: a phone that reaches somebody else
-- there is refused. The other party, calling back, reaches the main phone.
--
-- An order moves on without failing for a further phone: if that is taken on the
-- order's new number it is left without a route, and routed_since says so.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.order_phones (
  order_id text COLLATE "C" REFERENCES masking.orders ON DELETE CASCADE,
  side text CHECK (side IN ('customer', 'agent')),
  number text,
  routed_since timestamptz,
  PRIMARY KEY (order_id, side, number)
);
COMMENT ON TABLE masking.order_phones IS
  'Further phones of a party to an order. The order system inserts and deletes rows, at any time.';
COMMENT ON COLUMN masking.order_phones.order_id IS 'The order.';
COMMENT ON COLUMN masking.order_phones.side IS 'Whose phone it is: the customer''s or the agent''s.';
COMMENT ON COLUMN masking.order_phones.number IS 'The phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.order_phones.routed_since IS
  'Since when it reaches the other party; NULL: it does not, as nobody is there yet, it is taken on the order''s number, or it has become a proxy number.';

GRANT SELECT, DELETE, INSERT (order_id, side, number) ON masking.order_phones TO masking_orders;

CREATE OR REPLACE FUNCTION masking.is_wanted(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  own text := CASE the_side WHEN 'customer' THEN o.customer_number ELSE o.agent_number END;
  other text := CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END;
BEGIN
  RETURN coalesce(the_callee = other::bigint AND (the_caller = own::bigint OR EXISTS (
    SELECT FROM masking.order_phones p
    WHERE p.order_id = o.order_id AND p.side = the_side AND p.number = the_caller::text)), false);
END
$$;

CREATE FUNCTION masking.phone_is_routed(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM masking.routes r
    WHERE r.order_id = o.order_id AND r.side = the_side AND r.caller = phone AND upper(r.live) > at
      AND r.callee = CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END::bigint
      AND r.proxy IS NOT DISTINCT FROM o.proxy_number::bigint);
END
$$;
COMMENT ON FUNCTION masking.phone_is_routed(masking.orders, text, bigint, timestamptz) IS
  'Whether a further phone reaches the other party of the order as that is now.';

-- true: it reaches the other party from now on, or nobody is there to reach.
CREATE FUNCTION masking.open_phone(o masking.orders, the_side text, phone bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  other bigint := CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END::bigint;
  on_proxy bigint := o.proxy_number::bigint;
  until timestamptz := masking.live_until(o, the_side, at);
BEGIN
  IF o.forgotten_at IS NOT NULL OR o.unmasked_since IS NOT NULL OR until <= at
    OR masking.phone_is_routed(o, the_side, phone, at)
  THEN
    RETURN true;
  END IF;
  IF NOT masking.give_way(phone, other, on_proxy, at) THEN
    RETURN false;
  END IF;
  SET CONSTRAINTS masking.belongs DEFERRED; -- as in open_routes
  INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held, ended)
  VALUES (o.order_id, the_side, phone, on_proxy, other, tstzrange(at, until),
    tstzrange(at, until + masking.setting_span('cool_off')),
    CASE WHEN o.completed_at IS NOT NULL THEN 'order completed' END)
  ON CONFLICT ON CONSTRAINT one_counterpart DO NOTHING;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.open_phone(masking.orders, text, bigint, timestamptz) IS
  'Routes a further phone to the other party; false: it reaches somebody else on that number.';

CREATE FUNCTION masking.order_phones_route() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  o masking.orders;
  at timestamptz;
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE masking.routes r
    SET live = tstzrange(lower(r.live), n.until),
      held = tstzrange(lower(r.held), n.until + masking.setting_span('cool_off')),
      ended = 'phone removed'
    FROM (
      SELECT t.route_id, greatest(clock_timestamp(), lower(t.live) + interval '1 microsecond') AS until
      FROM masking.routes t
      WHERE t.order_id = OLD.order_id AND t.side = OLD.side AND t.caller::text = OLD.number
    ) n
    WHERE r.order_id = OLD.order_id AND r.route_id = n.route_id AND upper(r.live) > n.until;
    RETURN OLD;
  END IF;
  NEW.number := masking.e164(NEW.number, 'number');
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = NEW.order_id FOR UPDATE;
  IF o.order_id IS NULL OR NEW.number IS NULL OR NEW.side NOT IN ('customer', 'agent') OR EXISTS (
    SELECT FROM masking.order_phones p
    WHERE p.order_id = NEW.order_id AND p.side = NEW.side AND p.number = NEW.number)
  THEN
    RETURN NEW; -- for the table's own constraints to judge
  END IF;
  IF NEW.number IN (o.customer_number, coalesce(o.agent_number, '')) THEN
    RAISE EXCEPTION 'number: "%" is the main phone of a party to this order', masking.redacted(NEW.number)
      USING ERRCODE = 'MK003', COLUMN = 'number';
  END IF;
  IF EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.number = NEW.number) THEN
    RAISE EXCEPTION 'number: "%" is a proxy number', masking.redacted(NEW.number)
      USING ERRCODE = 'MK004', COLUMN = 'number';
  END IF;
  IF NOT masking.lock_people(ARRAY[NEW.number::bigint], masking.setting_span('lock_wait')) THEN
    RAISE EXCEPTION 'number: "%" is being used by an order that is being written', masking.redacted(NEW.number)
      USING ERRCODE = 'MK012', COLUMN = 'number', HINT = 'Try again.';
  END IF;
  at := clock_timestamp();
  IF NOT masking.open_phone(o, NEW.side, NEW.number::bigint, at) THEN
    RAISE EXCEPTION 'number: "%" reaches somebody else on the number of order %',
      masking.redacted(NEW.number), NEW.order_id
      USING ERRCODE = 'MK009', COLUMN = 'number', HINT = 'It can be added once that other order is over.';
  END IF;
  IF masking.phone_is_routed(o, NEW.side, NEW.number::bigint, at) THEN
    NEW.routed_since := at;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.order_phones_route() IS
  'Trigger: checks and routes a further phone, or cuts it off.';
CREATE TRIGGER route BEFORE INSERT OR DELETE ON masking.order_phones
FOR EACH ROW EXECUTE FUNCTION masking.order_phones_route();

CREATE FUNCTION masking.orders_phones() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  phone masking.order_phones;
  at timestamptz := clock_timestamp();
BEGIN
  IF NEW.forgotten_at IS NOT NULL THEN
    DELETE FROM masking.order_phones p WHERE p.order_id = NEW.order_id;
    RETURN NEW;
  END IF;
  FOR phone IN SELECT * FROM masking.order_phones p WHERE p.order_id = NEW.order_id LOOP
    -- Either may have come after the phone. Without the lock, two orders that share
    -- phones could wait for each other's routes.
    IF phone.number NOT IN (NEW.customer_number, coalesce(NEW.agent_number, ''))
      AND NOT EXISTS (SELECT FROM masking.proxy_numbers n WHERE n.number = phone.number)
      AND masking.lock_people(ARRAY[phone.number::bigint], masking.setting_span('lock_wait'))
    THEN
      at := clock_timestamp();
      PERFORM masking.open_phone(NEW, phone.side, phone.number::bigint, at);
    END IF;
    UPDATE masking.order_phones p
    SET routed_since = CASE
      WHEN masking.phone_is_routed(NEW, phone.side, phone.number::bigint, at)
      THEN coalesce(phone.routed_since, at) END
    WHERE p.order_id = phone.order_id AND p.side = phone.side AND p.number = phone.number;
  END LOOP;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.orders_phones() IS
  'Trigger, after the one that routes: brings an order''s further phones in step with it.';
CREATE TRIGGER then_phones
BEFORE UPDATE OF customer_number, agent_number, proxy_number, placed_at, completed_at, cancelled_at, forgotten_at
ON masking.orders FOR EACH ROW EXECUTE FUNCTION masking.orders_phones();

COMMIT;
