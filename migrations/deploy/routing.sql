-- Deploy number-masking:routing to pg
--
-- Keeps routes in step with orders, inside the order's own transaction: commit
-- makes a pair callable, rollback leaves nothing, RETURNING shows the number.
--
-- It has to be a BEFORE trigger (only that can fill proxy_number for RETURNING)
-- that writes another table. An INSERT with ON CONFLICT fires it for rows that
-- are not inserted in the end; it recognises them because it looks for the
-- order first, under a lock on its id that the primary key would take anyway.
--
-- Locks never make a deadlock: people are locked by trying, not by waiting, and
-- whoever cannot get them in time commits unmasked and is served later. The
-- constraint on routes, not these locks, is what keeps two counterparts apart;
-- the locks only let concurrent orders see each other's choices.

BEGIN;
SET LOCAL ROLE masking_owner;

-- How often an order found no proxy number. A sequence counts without making
-- orders wait for each other; it also counts those rolled back.
CREATE SEQUENCE masking.unmasked_total;
COMMENT ON SEQUENCE masking.unmasked_total IS 'Counts orders that found no proxy number free.';

CREATE FUNCTION masking.lock_people(VARIADIC people bigint[]) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  -- A lock per person for ever so many orders in one transaction would fill
  -- the lock table; an import of that size gets the table to itself instead.
  many CONSTANT integer := 300;
  taken integer := coalesce(nullif(current_setting('masking.people_locked', true), ''), '0')::integer;
  deadline timestamptz := clock_timestamp() + masking.setting_span('lock_wait') * (0.75 + random() / 4);
  person bigint;
BEGIN
  PERFORM set_config('masking.people_locked', (taken + cardinality(people))::text, true);
  IF taken > many THEN
    RETURN masking.lock_everybody(deadline);
  END IF;
  FOR person IN SELECT DISTINCT p FROM unnest(people) p ORDER BY p LOOP
    WHILE NOT pg_try_advisory_xact_lock(hashtext('masking.routes'), hashint8(person)) LOOP
      IF clock_timestamp() > deadline THEN
        RETURN false;
      END IF;
      PERFORM pg_sleep(0.0002 + random() * 0.002);
    END LOOP;
  END LOOP;
  RETURN true;
END
$$;

CREATE FUNCTION masking.lock_everybody(deadline timestamptz) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
  LOOP
    BEGIN
      LOCK TABLE masking.orders IN SHARE ROW EXCLUSIVE MODE NOWAIT;
      RETURN true;
    EXCEPTION WHEN lock_not_available THEN
      IF clock_timestamp() > deadline THEN
        RETURN false;
      END IF;
    END;
    PERFORM pg_sleep(0.002);
  END LOOP;
END
$$;

CREATE FUNCTION masking.checked(o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
  IF coalesce(o.order_id, '') = '' OR length(o.order_id) > 200 THEN
    RAISE EXCEPTION 'order_id: must have 1 to 200 characters, has %', coalesce(length(o.order_id), 0)
      USING ERRCODE = 'MK005', COLUMN = 'order_id';
  END IF;
  IF o.customer_number IS NULL THEN
    RAISE EXCEPTION 'customer_number: is missing'
      USING ERRCODE = 'MK001', COLUMN = 'customer_number', HINT = 'An order has a customer from the start.';
  END IF;
  o.customer_number := masking.e164(o.customer_number, 'customer_number');
  o.agent_number := masking.e164(o.agent_number, 'agent_number');
  o.placed_at := coalesce(o.placed_at, now());
  IF o.agent_number = o.customer_number THEN
    RAISE EXCEPTION 'agent_number: "%" is the customer''s own number', masking.redacted(o.agent_number)
      USING ERRCODE = 'MK003', COLUMN = 'agent_number';
  END IF;
  IF EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.number = o.customer_number) THEN
    RAISE EXCEPTION 'customer_number: "%" is a proxy number', masking.redacted(o.customer_number)
      USING ERRCODE = 'MK004', COLUMN = 'customer_number';
  END IF;
  IF EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.number = o.agent_number) THEN
    RAISE EXCEPTION 'agent_number: "%" is a proxy number', masking.redacted(o.agent_number)
      USING ERRCODE = 'MK004', COLUMN = 'agent_number';
  END IF;
  RETURN o;
END
$$;

-- Until when one side of an order assigned at some time reaches the other. A
-- completion in the future is a plan; the longest life is for orders without.
CREATE FUNCTION masking.live_until(o masking.orders, side text, assigned timestamptz)
RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT CASE
    WHEN o.agent_number IS NULL OR o.cancelled_at IS NOT NULL THEN '-infinity'
    WHEN o.completed_at IS NULL THEN assigned + masking.setting_span('longest_life')
    ELSE o.completed_at + masking.setting_span(side || '_grace')
  END
$$;

-- Which number may lead these two to each other from now on. The pool comes
-- with the next changes; its empty state, any number at all, is this one.
CREATE FUNCTION masking.choose_proxy(
  o masking.orders, at timestamptz, refused bigint[], OUT found boolean, OUT proxy bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT cardinality(refused) = 0 AND NOT EXISTS (
    SELECT FROM masking.routes r
    WHERE ((r.caller = o.customer_number::bigint AND r.callee <> o.agent_number::bigint)
        OR (r.caller = o.agent_number::bigint AND r.callee <> o.customer_number::bigint))
      AND upper(r.live) > at), NULL::bigint
$$;

CREATE FUNCTION masking.end_routes(the_order text, at timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), at),
    held = tstzrange(lower(r.held), at + masking.setting_span('cool_off'))
  WHERE r.order_id = the_order AND upper(r.live) > at
$$;

-- Opens both routes of an order; false if no number is free.
CREATE FUNCTION masking.open_routes(o masking.orders, at timestamptz, INOUT proxy bigint, OUT opened boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  customer bigint := o.customer_number::bigint;
  agent bigint := o.agent_number::bigint;
  choice record;
BEGIN
  opened := false;
  proxy := NULL;
  SELECT * INTO choice FROM masking.choose_proxy(o, at, '{}');
  IF NOT choice.found THEN
    RETURN;
  END IF;
  UPDATE masking.routes r SET held = tstzrange(lower(r.held), at)
  WHERE upper(r.live) <= at AND upper(r.held) > at AND r.proxy IS NOT DISTINCT FROM choice.proxy
    AND ((r.caller = customer AND r.callee <> agent) OR (r.caller = agent AND r.callee <> customer));
  INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held)
  SELECT o.order_id, s.side, s.caller, choice.proxy, s.callee, tstzrange(at, s.until),
    tstzrange(at, s.until + masking.setting_span('cool_off'))
  FROM (VALUES
    ('customer', customer, agent, masking.live_until(o, 'customer', at)),
    ('agent', agent, customer, masking.live_until(o, 'agent', at))
  ) AS s (side, caller, callee, until)
  WHERE s.until > at;
  proxy := choice.proxy;
  opened := true;
EXCEPTION WHEN exclusion_violation THEN
  opened := false;
END
$$;

CREATE FUNCTION masking.route(o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  at timestamptz := clock_timestamp();
  kept integer;
  result record;
BEGIN
  -- What is live for another pair ends now; what is live for this one follows
  -- the order's times.
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), greatest(at, n.until)),
    held = tstzrange(lower(r.held), greatest(at, n.until) + masking.setting_span('cool_off'))
  FROM masking.routes old
  CROSS JOIN LATERAL (SELECT CASE
      WHEN o.customer_number::bigint IN (old.caller, old.callee)
        AND o.agent_number::bigint IN (old.caller, old.callee)
      THEN masking.live_until(o, old.side, lower(old.live))
      ELSE at
    END AS until) n
  WHERE r.order_id = o.order_id AND upper(r.live) > at
    AND old.order_id = r.order_id AND old.route_id = r.route_id
    AND upper(r.live) <> greatest(at, n.until);

  SELECT count(*) INTO kept FROM masking.routes r
  WHERE r.order_id = o.order_id AND upper(r.live) > at;
  o.unmasked_since := NULL;
  IF kept > 0 OR greatest(masking.live_until(o, 'customer', at), masking.live_until(o, 'agent', at)) <= at THEN
    RETURN o;
  END IF;

  IF masking.lock_people(o.customer_number::bigint, o.agent_number::bigint) THEN
    SELECT * INTO result FROM masking.open_routes(o, clock_timestamp(), NULL);
  END IF;
  IF coalesce(result.opened, false) THEN
    o.proxy_number := result.proxy::text;
  ELSE
    o.proxy_number := NULL;
    o.unmasked_since := at;
    PERFORM nextval('masking.unmasked_total');
  END IF;
  RETURN o;
END
$$;

CREATE FUNCTION masking.orders_route() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM masking.end_routes(OLD.order_id, clock_timestamp());
    RETURN OLD;
  END IF;
  NEW := masking.checked(NEW);
  IF TG_OP = 'INSERT' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.order_id, 0));
    IF EXISTS (SELECT FROM masking.orders o WHERE o.order_id = NEW.order_id) THEN
      RETURN NEW;
    END IF;
  END IF;
  RETURN masking.route(NEW);
END
$$;
CREATE TRIGGER route BEFORE INSERT OR UPDATE OR DELETE ON masking.orders
FOR EACH ROW EXECUTE FUNCTION masking.orders_route();

COMMENT ON FUNCTION masking.lock_people(bigint[]) IS
  'Keeps other transactions from routing these people until this one ends; false if others would not let go in time.';
COMMENT ON FUNCTION masking.lock_everybody(timestamptz) IS
  'The same for everybody at once: an import has the orders table to itself.';
COMMENT ON FUNCTION masking.checked(masking.orders) IS
  'The order with its numbers in E.164 digits, or an error naming the column, never showing a whole number.';
COMMENT ON FUNCTION masking.live_until(masking.orders, text, timestamptz) IS
  'Until when one side of an order reaches the other, if assigned at the given time.';
COMMENT ON FUNCTION masking.choose_proxy(masking.orders, timestamptz, bigint[]) IS
  'The number for an order; found is false if none is free.';
COMMENT ON FUNCTION masking.end_routes(text, timestamptz) IS 'Cuts both sides of an order off.';
COMMENT ON FUNCTION masking.open_routes(masking.orders, timestamptz, bigint) IS
  'Connects both sides of an order; opened is false if no number is free.';
COMMENT ON FUNCTION masking.route(masking.orders) IS
  'Brings the routes of an order in step with it, and the order''s own columns with them.';
COMMENT ON FUNCTION masking.orders_route() IS 'Trigger: what the order system writes, checked and routed.';

COMMIT;
