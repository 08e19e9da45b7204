CREATE OR REPLACE FUNCTION masking.waits(o masking.orders, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN o.unmasked_since IS NOT NULL AND greatest(
    masking.live_until(o, 'customer', o.unmasked_since), masking.live_until(o, 'agent', o.unmasked_since)) > at;
END
$$;
COMMENT ON FUNCTION masking.waits(masking.orders, timestamptz) IS
  'Whether an order that waits for a number has not done so for longer than it would have been connected.';

CREATE OR REPLACE FUNCTION masking.has_expired(o masking.orders, before masking.orders, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
-- What expired stays so, however often the order is written: opening needs a reason, an order that is
-- new, waiting, resumed, another pair's, live, or not old and never routed: its row came past the
-- triggers.
BEGIN
  RETURN before.order_id IS NOT NULL AND NOT masking.waits(o, at)
    AND (before.completed_at IS NULL OR o.completed_at IS NOT NULL)
    AND (before.cancelled_at IS NULL OR o.cancelled_at IS NOT NULL)
    AND masking.names_same(before, o)
    AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed, at))
    AND (o.routed_at IS NOT NULL OR o.recorded_at < at - masking.setting_span('longest_life'));
END
$$;
COMMENT ON FUNCTION masking.has_expired(masking.orders, masking.orders, timestamptz) IS
  'Whether the order, as it was before, connects nobody any more and this write is no reason to begin again.';

CREATE OR REPLACE FUNCTION masking.lacks_routes(o masking.orders, before masking.orders, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN NOT masking.has_expired(o, before, at) AND EXISTS (
    SELECT FROM masking.wanted_routes(o, at) w
    WHERE w.must AND w.until > at AND NOT EXISTS (
      SELECT FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = w.side AND r.caller = w.caller AND r.callee = w.callee
        AND r.proxy IS NOT DISTINCT FROM masking.number_of(o.proxy_number) AND masking.is_live(r.live, r.closed, at)
        AND upper(r.live) >= masking.live_until(o, w.side, coalesce(r.began, lower(r.live)))));
END
$$;
COMMENT ON FUNCTION masking.lacks_routes(masking.orders, masking.orders, timestamptz) IS
  'Whether a side of the order, as it was before, should be live now, or longer, and is not.';

CREATE OR REPLACE FUNCTION masking.open_routes(
  o masking.orders, at timestamptz, assigned timestamptz, OUT opened boolean, OUT proxy bigint, OUT serves boolean,
  OUT customer_holds integer, OUT agent_holds integer)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  customer CONSTANT bigint := masking.party(o, 'customer');
  agent CONSTANT bigint := masking.party(o, 'agent');
  refused bigint[] := '{}';
  tries integer := 0;
  choice record;
  may_open boolean;
  wanted integer;
  made integer;
BEGIN
  -- The order's row is not there yet, so keep_or_remove must wait, whatever constraints the
  -- order system wants checked at once.
  SET CONSTRAINTS masking.belongs DEFERRED;
  LOOP
    SELECT * INTO choice FROM masking.choose_proxy(o, at, refused);
    opened := choice.available;
    proxy := choice.proxy;
    IF refused = '{}' THEN
      serves := choice.serves;
      customer_holds := choice.customer_holds;
      agent_holds := choice.agent_holds;
    END IF;
    EXIT WHEN NOT opened;
    refused := refused || choice.proxy;
    CONTINUE WHEN NOT masking.keep_proxy(choice.proxy);

    -- What only cools off on this number gives way.
    tries := tries + 1;
    may_open := masking.give_way(customer, agent, choice.proxy, at) AND masking.give_way(agent, customer, choice.proxy, at);
    WITH side AS (
      SELECT w.* FROM masking.wanted_routes(o, assigned) w WHERE w.must AND w.until > at
    ), made AS (
      INSERT INTO masking.routes (order_id, side, caller, proxy, callee, dials, live, held, blocked, ended, began)
      SELECT o.order_id, s.side, s.caller, choice.proxy, s.callee, s.dials, tstzrange(at, s.until),
        tstzrange(at, s.until + masking.setting_span('cool_off')), s.blocked,
        CASE WHEN o.completed_at IS NOT NULL THEN 'order completed' END, nullif(assigned, at)
      FROM side s
      WHERE may_open
      ON CONFLICT ON CONSTRAINT one_counterpart DO NOTHING
      RETURNING route_id
    )
    SELECT (SELECT count(*) FROM side), (SELECT count(*) FROM made)
    INTO wanted, made;
    EXIT WHEN made = wanted;

    -- Transaction A was quicker, or is writing a route that would have to give way: the
    -- next number then.
    DELETE FROM masking.routes r WHERE r.order_id = o.order_id AND lower(r.live) = at AND NOT r.closed;
    opened := false;
    proxy := NULL;
    EXIT WHEN choice.proxy IS NULL OR tries = 20;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.open_routes(masking.orders, timestamptz, timestamptz) IS
  'Connects both sides of an order, as long as people who were assigned then; opened is false if no number is free, the others as choose_proxy has them.';

CREATE OR REPLACE FUNCTION masking.route_order(o masking.orders, before masking.orders, patience interval)
RETURNS masking.orders
LANGUAGE plpgsql
AS $$
-- Brings the routes of an order in step with its row, and the row's own columns with them.
-- Times are the clock's, taken once the people are locked, so that what happens to one person
-- has one order in time, however long transactions are open.
--   reads, writes, locks   see order_written
--   who                    order_written; assign_pending, with no patience
#variable_conflict use_variable
DECLARE
  at timestamptz := clock_timestamp();
  waiting_since CONSTANT timestamptz := CASE WHEN masking.waits(o, at) THEN o.unmasked_since END;
  missing boolean;
  locked boolean;
  can_open boolean;
  opened boolean;
  proxy bigint;
  serves boolean;
  customer_holds integer;
  agent_holds integer;
  has_former boolean := false; -- on a number that was replaced
  assigned timestamptz;
BEGIN
  missing := masking.lacks_routes(o, before, at);
  locked := missing AND masking.lock_people(
    ARRAY[masking.party(o, 'customer'), masking.party(o, 'agent')], patience);
  can_open := locked;
  IF missing THEN
    at := clock_timestamp();
  END IF;
  -- What an order still has it keeps until it is sure to get something better.
  IF can_open AND EXISTS (
    SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND NOT r.former AND masking.is_live(r.live, r.closed, at))
  THEN
    SELECT c.available, c.serves, c.customer_holds, c.agent_holds INTO can_open, serves, customer_holds, agent_holds
    FROM masking.choose_proxy(o, at, '{}') c;
  END IF;
  IF before.order_id IS NOT NULL THEN
    IF can_open AND masking.is_replaced(masking.number_of(o.proxy_number)) THEN
      PERFORM masking.leave_number(o);
    END IF;
    PERFORM masking.trim_routes(o, at, CASE WHEN can_open THEN 'renewed' END);
    has_former := can_open AND EXISTS (
      SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND r.former AND masking.is_live(r.live, r.closed, at));
  END IF;
  IF has_former THEN
    assigned := masking.assigned_before(o, at);
  END IF;
  o.unmasked_since := NULL;
  o.unmasked_reason := NULL;
  IF NOT can_open AND before.order_id IS NOT NULL
    AND (masking.connected_since(o, NULL, at) IS NULL OR missing AND NOT masking.names_same(before, o))
  THEN
    -- Its further phones reach nobody either, not even one that is a main phone now: who waits dials no
    -- number that may be somebody else's.
    PERFORM masking.trim_routes(o, at, 'waits for a number');
    o.proxy_number := NULL;
  END IF;
  IF can_open THEN
    SELECT r.opened, r.proxy, r.serves, r.customer_holds, r.agent_holds
    INTO opened, proxy, serves, customer_holds, agent_holds
    FROM masking.open_routes(o, at, coalesce(assigned, at)) r;
    o.proxy_number := proxy::text;
    missing := NOT opened;
    IF opened THEN
      o.routed_at := coalesce(o.routed_at, at);
      IF has_former THEN
        PERFORM masking.come_back(o, at);
      END IF;
    END IF;
  END IF;
  IF missing THEN
    o.unmasked_since := coalesce(waiting_since, at);
    o.unmasked_reason := CASE
      WHEN NOT locked THEN 'people busy'
      WHEN NOT serves THEN 'no number serves them'
      ELSE 'none free'
    END;
    IF waiting_since IS NULL THEN
      PERFORM nextval('masking.unmasked_total');
    END IF;
  END IF;
  IF locked AND (missing OR o.proxy_number IS NOT NULL) THEN
    PERFORM masking.note_peak(o, customer_holds, agent_holds);
  END IF;
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.route_order(masking.orders, masking.orders, interval) IS
  'The order, as it was before, with its routes in step; waits for others routing the same people that long at most.';
