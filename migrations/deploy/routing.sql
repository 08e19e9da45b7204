-- Deploy number-masking:routing to pg
--
-- Keeps routes in step with orders, inside the order's own transaction: commit
-- makes a pair callable, rollback leaves nothing, RETURNING shows the number
-- (promise 5). Whatever happened to an order, one function brings its routes to
-- where its row says they should be; there is no list of transitions.
--
-- It has to be a BEFORE trigger (only that can fill proxy_number for RETURNING)
-- that writes another table. An INSERT with ON CONFLICT fires it for rows that
-- are not inserted in the end; so it looks for the order first, under a lock.
--
-- Times are the clock's, taken once the people are locked, so that what happens
-- to one person has one order in time, however long transactions are open.
--
-- The planner settings on the trigger are pinned for the reason given in
-- answer_calls: plans outlive what the planner knew.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE SEQUENCE masking.unmasked_total;
COMMENT ON SEQUENCE masking.unmasked_total IS
  'Counts orders that found no proxy number free, also those rolled back. A sequence, because orders must not wait for each other to count.';

CREATE FUNCTION masking.checked(o masking.orders, before masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
DECLARE
  wrong text;
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
  -- A day, because clocks and time zones differ.
  IF o.placed_at > now() + interval '1 day' AND o.placed_at IS DISTINCT FROM before.placed_at THEN
    RAISE EXCEPTION 'placed_at: % is in the future', o.placed_at
      USING ERRCODE = 'MK010', COLUMN = 'placed_at', HINT = 'An order is placed now or was placed earlier.';
  END IF;
  IF o.agent_number = o.customer_number THEN
    RAISE EXCEPTION 'agent_number: "%" is the customer''s own number', masking.redacted(o.agent_number)
      USING ERRCODE = 'MK003', COLUMN = 'agent_number';
  END IF;
  -- What was no proxy number when it was written must not stop the order's course.
  SELECT CASE p.number WHEN o.customer_number THEN 'customer_number' ELSE 'agent_number' END INTO wrong
  FROM masking.proxy_numbers p
  WHERE p.number IN (o.customer_number, o.agent_number)
    AND p.number IS DISTINCT FROM before.customer_number
    AND p.number IS DISTINCT FROM before.agent_number
  LIMIT 1;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: "%" is a proxy number', wrong,
      masking.redacted(CASE wrong WHEN 'customer_number' THEN o.customer_number ELSE o.agent_number END)
      USING ERRCODE = 'MK004', COLUMN = wrong;
  END IF;
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.checked(masking.orders, masking.orders) IS
  'The order, as it was before, with its numbers in E.164 digits, or an error naming the column, never showing a whole number.';

CREATE FUNCTION masking.live_until(o masking.orders, side text, assigned timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF o.agent_number IS NULL OR o.cancelled_at IS NOT NULL THEN
    RETURN '-infinity';
  ELSIF o.completed_at IS NULL THEN
    RETURN assigned + masking.setting_span('longest_life');
  END IF;
  -- No time is so far that it could not be reckoned with.
  RETURN least(o.completed_at, '9999-01-01') + masking.setting_span(side || '_grace');
END
$$;
COMMENT ON FUNCTION masking.live_until(masking.orders, text, timestamptz) IS
  'Until when one side of an order reaches the other, if assigned at the given time. A completion in the future is a plan; the longest life is for orders without.';

CREATE FUNCTION masking.is_wanted(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  own text := CASE the_side WHEN 'customer' THEN o.customer_number ELSE o.agent_number END;
  other text := CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END;
BEGIN
  RETURN coalesce(the_callee = other::bigint AND the_caller = own::bigint, false);
END
$$;
COMMENT ON FUNCTION masking.is_wanted(masking.orders, text, bigint, bigint) IS
  'Whether an order, as it is now, wants this caller of that side to reach this callee.';

-- Routes only ever get shorter here; what has to live longer is opened anew,
-- because only an INSERT can meet the constraint without an error that shows
-- numbers.
CREATE FUNCTION masking.trim_routes(o masking.orders, at timestamptz, everything boolean) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), n.until),
    held = tstzrange(lower(r.held), least(upper(r.held), n.until + masking.setting_span('cool_off'))),
    ended = CASE
      WHEN o.forgotten_at IS NOT NULL THEN 'numbers forgotten'
      WHEN o.agent_number IS NULL THEN 'agent removed'
      WHEN o.cancelled_at IS NOT NULL THEN 'order cancelled'
      WHEN NOT n.wanted AND (r.side = 'agent') = (r.callee NOT IN (o.customer_number::bigint, o.agent_number::bigint))
      THEN 'customer number corrected'
      WHEN NOT n.wanted THEN 'agent swapped'
      WHEN everything THEN 'renewed'
      WHEN o.completed_at IS NOT NULL THEN 'order completed'
    END
  FROM (
    -- Never empty, also when the clock was set back: the past stays readable.
    SELECT t.route_id, t.wanted, greatest(at, lower(t.live) + interval '1 microsecond',
      CASE
        WHEN NOT everything AND t.wanted THEN masking.live_until(o, t.side, lower(t.live))
      END) AS until
    FROM (
      SELECT w.*, masking.is_wanted(o, w.side, w.caller, w.callee) AS wanted FROM masking.routes w
      WHERE w.order_id = o.order_id AND upper(w.live) > at
    ) t
  ) n
  WHERE r.order_id = o.order_id AND r.route_id = n.route_id AND upper(r.live) > n.until;
END
$$;
COMMENT ON FUNCTION masking.trim_routes(masking.orders, timestamptz, boolean) IS
  'Ends routes of an order that it no longer wants, at once or when its grace is over; everything: all of them, at once.';

-- Waiting for whoever is at such a route could be a deadlock: two orders that each
-- ended what the other wants. The number is as good as taken then.
CREATE FUNCTION masking.give_way(the_caller bigint, the_callee bigint, on_proxy bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  cooling record;
BEGIN
  FOR cooling IN
    SELECT r.order_id, r.route_id FROM masking.routes r
    WHERE r.caller + 0 = the_caller AND r.caller > 0 AND r.callee <> the_callee
      AND r.held && tstzrange(at, NULL) AND upper(r.live) <= at
      AND (on_proxy IS NULL OR r.proxy IS NULL OR r.proxy = on_proxy)
  LOOP
    PERFORM FROM masking.routes r
    WHERE r.order_id = cooling.order_id AND r.route_id = cooling.route_id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    UPDATE masking.routes r SET held = tstzrange(lower(r.held), at)
    WHERE r.order_id = cooling.order_id AND r.route_id = cooling.route_id;
  END LOOP;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.give_way(bigint, bigint, bigint, timestamptz) IS
  'Ends the cool-off of what a caller held with others on a number; false: somebody is at it, the number is not free.';

CREATE FUNCTION masking.open_routes(
  o masking.orders, at timestamptz, OUT opened boolean, OUT proxy bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  customer bigint := o.customer_number::bigint;
  agent bigint := o.agent_number::bigint;
  refused bigint[] := '{}';
  tries integer := 0;
  choice record;
  may_open boolean;
  wanted integer;
  made integer;
BEGIN
  -- The order's row is not there yet, so belongs must wait, whatever constraints the
  -- order system wants checked at once.
  SET CONSTRAINTS masking.belongs DEFERRED;
  LOOP
    SELECT * INTO choice FROM masking.choose_proxy(o, at, refused);
    opened := choice.available;
    proxy := choice.proxy;
    EXIT WHEN NOT opened;
    refused := refused || choice.proxy;
    CONTINUE WHEN NOT masking.keep_proxy(choice.proxy);

    -- What only cools off on this number gives way.
    tries := tries + 1;
    may_open := masking.give_way(customer, agent, choice.proxy, at)
      AND masking.give_way(agent, customer, choice.proxy, at);
    WITH side AS (
      SELECT s.side, s.caller, s.callee, masking.live_until(o, s.side, at) AS until
      FROM (VALUES ('customer', customer, agent), ('agent', agent, customer)) AS s (side, caller, callee)
    ), made AS (
      INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held, ended)
      SELECT o.order_id, s.side, s.caller, choice.proxy, s.callee, tstzrange(at, s.until),
        tstzrange(at, s.until + masking.setting_span('cool_off')),
        CASE WHEN o.completed_at IS NOT NULL THEN 'order completed' END
      FROM side s
      WHERE s.until > at AND may_open
      ON CONFLICT ON CONSTRAINT one_counterpart DO NOTHING
      RETURNING route_id
    )
    SELECT (SELECT count(*) FROM side s WHERE s.until > at), (SELECT count(*) FROM made)
    INTO wanted, made;
    EXIT WHEN made = wanted;

    -- Somebody was quicker, or is at it; the next number then.
    DELETE FROM masking.routes r WHERE r.order_id = o.order_id AND lower(r.live) = at;
    opened := false;
    proxy := NULL;
    EXIT WHEN choice.proxy IS NULL OR tries = 20;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.open_routes(masking.orders, timestamptz) IS
  'Connects both sides of an order; opened is false if no number is free.';

-- What expired stays so, however often the order is written: opening needs a
-- reason, an order that is new, waiting, resumed, another pair's, or live.
CREATE FUNCTION masking.lacks_routes(o masking.orders, before masking.orders, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  customer bigint := o.customer_number::bigint;
  agent bigint := o.agent_number::bigint;
BEGIN
  IF before.order_id IS NOT NULL AND o.unmasked_since IS NULL
    AND (before.completed_at IS NULL OR o.completed_at IS NOT NULL)
    AND (before.cancelled_at IS NULL OR o.cancelled_at IS NOT NULL)
    AND (before.customer_number, before.agent_number) IS NOT DISTINCT FROM (o.customer_number, o.agent_number)
    AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND upper(r.live) > at)
  THEN
    RETURN false;
  END IF;
  RETURN EXISTS (
    SELECT FROM (VALUES ('customer', customer, agent), ('agent', agent, customer)) AS s (side, caller, callee)
    WHERE masking.live_until(o, s.side, at) > at AND NOT EXISTS (
      SELECT FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = s.side AND r.caller = s.caller AND r.callee = s.callee
        AND r.proxy IS NOT DISTINCT FROM o.proxy_number::bigint
        AND upper(r.live) > at AND upper(r.live) >= masking.live_until(o, s.side, lower(r.live))));
END
$$;
COMMENT ON FUNCTION masking.lacks_routes(masking.orders, masking.orders, timestamptz) IS
  'Whether a side of the order, as it was before, should be live now, or longer, and is not.';

CREATE FUNCTION masking.route(o masking.orders, before masking.orders, patience interval)
RETURNS masking.orders
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
  customer bigint := o.customer_number::bigint;
  agent bigint := o.agent_number::bigint;
  waiting_since timestamptz := o.unmasked_since;
  at timestamptz := clock_timestamp();
  missing boolean;
  can_open boolean;
  result record;
BEGIN
  missing := masking.lacks_routes(o, before, at);
  can_open := missing AND masking.lock_people(ARRAY[customer, agent], patience);
  IF missing THEN
    at := clock_timestamp();
  END IF;
  -- What an order still has it keeps until it is sure to get something better.
  IF can_open AND EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND upper(r.live) > at) THEN
    can_open := (SELECT c.available FROM masking.choose_proxy(o, at, '{}') c);
  END IF;
  PERFORM masking.trim_routes(o, at, can_open);
  o.unmasked_since := NULL;
  IF agent IS NULL OR o.cancelled_at IS NOT NULL
    OR (missing AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND upper(r.live) > at))
  THEN
    o.proxy_number := NULL;
  END IF;
  IF can_open THEN
    SELECT * INTO result FROM masking.open_routes(o, at);
    o.proxy_number := result.proxy::text;
    missing := NOT result.opened;
  END IF;
  IF missing THEN
    o.unmasked_since := coalesce(waiting_since, at);
    IF waiting_since IS NULL THEN
      PERFORM nextval('masking.unmasked_total');
    END IF;
  END IF;
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.route(masking.orders, masking.orders, interval) IS
  'Brings the routes of an order, as it was before, in step with it, and its own columns with them; waits for others routing the same people that long at most.';

CREATE FUNCTION masking.orders_route() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  before masking.orders;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.forgotten_at IS NOT NULL THEN
    RETURN masking.routed_forgotten(OLD, NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    before := OLD;
  ELSE
    SELECT o.* INTO before FROM masking.orders o WHERE o.order_id = NEW.order_id FOR KEY SHARE;
    IF before.order_id IS NULL THEN
      PERFORM masking.lock_order(NEW.order_id);
      SELECT o.* INTO before FROM masking.orders o WHERE o.order_id = NEW.order_id FOR KEY SHARE;
    END IF;
  END IF;
  NEW := masking.checked(NEW, before);
  IF TG_OP = 'INSERT' AND before.order_id IS NOT NULL THEN
    RETURN NEW;
  END IF;
  NEW := masking.route(NEW, before, masking.setting_span('lock_wait'));
  IF NEW.unmasked_since IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.unmasked_since IS NULL)
    AND (SELECT s.value = 1 FROM masking.settings s WHERE s.name = 'refuse_unmasked')
  THEN
    RAISE EXCEPTION 'no proxy number is free for order %', NEW.order_id
      USING ERRCODE = 'MK002', TABLE = 'orders',
        HINT = 'See masking.pool_status; with refuse_unmasked = 0 in masking.settings the order would commit without one.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.orders_route() IS
  'Trigger: what the order system writes, checked and routed.';

-- A route is opened before it is known whether the order is inserted at all: ON
-- CONFLICT may find the row of a transaction that could not be seen. At commit
-- the order must be there and want it; and whoever opened a route for a good reason
-- holds the order's row, so one that others hold is not meant.
CREATE FUNCTION masking.belongs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
  PERFORM FROM masking.orders o
  WHERE o.order_id = NEW.order_id AND o.proxy_number::bigint IS NOT DISTINCT FROM NEW.proxy
    AND masking.is_wanted(o, NEW.side, NEW.caller, NEW.callee)
  FOR SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    DELETE FROM masking.routes r
    WHERE r.order_id = NEW.order_id AND r.route_id = NEW.route_id AND upper(r.live) > clock_timestamp();
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.belongs() IS
  'Trigger, at commit: takes away a new live route that no order wants.';
CREATE CONSTRAINT TRIGGER belongs AFTER INSERT ON masking.routes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (upper(NEW.live) > now()) EXECUTE FUNCTION masking.belongs();

CREATE FUNCTION masking.routed_forgotten(before masking.orders, after masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
BEGIN
  IF before.forgotten_at IS DISTINCT FROM after.forgotten_at
    OR (before.customer_number = after.customer_number
      AND before.agent_number IS NOT DISTINCT FROM after.agent_number)
  THEN
    -- Whatever it was forgotten for, it connects nobody.
    PERFORM masking.trim_routes(after, clock_timestamp(), true);
    RETURN after;
  END IF;
  RAISE EXCEPTION 'order %: its phone numbers were forgotten at %', after.order_id, before.forgotten_at
    USING ERRCODE = 'MK008', TABLE = 'orders', HINT = 'Place a new order for these people.';
END
$$;
COMMENT ON FUNCTION masking.routed_forgotten(masking.orders, masking.orders) IS
  'A forgotten order may still be completed or cancelled, but can route nobody any more.';

CREATE FUNCTION masking.orders_unroute() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), n.until),
    held = tstzrange(lower(r.held), least(upper(r.held), n.until + masking.setting_span('cool_off'))),
    ended = 'order deleted'
  FROM (
    SELECT t.route_id, greatest(now.at, lower(t.live) + interval '1 microsecond') AS until
    FROM (SELECT clock_timestamp() AS at) now
    JOIN masking.routes t ON t.order_id = OLD.order_id AND upper(t.live) > now.at
  ) n
  WHERE r.order_id = OLD.order_id AND r.route_id = n.route_id;
  RETURN OLD;
END
$$;
COMMENT ON FUNCTION masking.orders_unroute() IS
  'Trigger: cuts both sides of a deleted order off; its routes stay as history.';

CREATE TRIGGER route
BEFORE INSERT OR UPDATE OF customer_number, agent_number, placed_at, completed_at, cancelled_at
ON masking.orders FOR EACH ROW EXECUTE FUNCTION masking.orders_route();
CREATE TRIGGER unroute
BEFORE DELETE ON masking.orders FOR EACH ROW EXECUTE FUNCTION masking.orders_unroute();

COMMIT;
