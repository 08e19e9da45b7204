CREATE OR REPLACE FUNCTION masking.blocks_follow(the_order text) RETURNS integer
LANGUAGE plpgsql
AS $$
-- Brings the routes of an order in step with what is blocked; returns how many changed. A route
-- that changes ends here and goes on as another one, so that history says what was true when.
--   reads   the order, what is_blocked reads
--   writes  routes of the order; feed_inbox, with feed_blocks
--   locks   the order's row: writes it, so that a transaction which cannot see this block and is
--           writing the order too has to be tried again (40001)
--   who     what writes order_blocks, blocked_people, dial_prefixes
DECLARE
  o masking.orders;
  r record;
  at timestamptz;
  changed integer := 0;
  now_blocked text[] := '{}';
  now_free text[] := '{}';
  told_side text;
BEGIN
  SELECT f.* INTO o FROM masking.orders f WHERE f.order_id = the_order FOR NO KEY UPDATE;
  at := clock_timestamp();
  FOR r IN
    SELECT t.*, w.blocked AS blocked_now FROM masking.routes t
    JOIN masking.wanted_routes(o, at) w ON w.side = t.side AND w.caller = t.caller AND w.callee = t.callee
    WHERE t.order_id = the_order AND masking.is_live(t.live, t.closed, at) AND t.blocked <> w.blocked
    ORDER BY t.route_id
  LOOP
    -- The clock may have been set back; what has not begun then changes as it is.
    IF lower(r.live) >= at THEN
      UPDATE masking.routes t SET blocked = r.blocked_now WHERE t.order_id = r.order_id AND t.route_id = r.route_id;
    ELSE
      UPDATE masking.routes t
      SET live = tstzrange(lower(t.live), at), closed = true, ended = CASE WHEN r.blocked_now THEN 'blocked' ELSE 'unblocked' END
      WHERE t.order_id = r.order_id AND t.route_id = r.route_id;
      SET CONSTRAINTS masking.belongs DEFERRED; -- as in open_routes
      INSERT INTO masking.routes (order_id, side, caller, proxy, callee, dials, live, held, blocked, former, ended, began)
      VALUES (r.order_id, r.side, r.caller, r.proxy, r.callee, r.dials, tstzrange(at, upper(r.live)),
        tstzrange(at, upper(r.held)), r.blocked_now, r.former, r.ended, coalesce(r.began, lower(r.live)));
    END IF;
    changed := changed + 1;
    IF NOT masking.is_main(o, r.side, r.caller, r.callee) THEN
      CONTINUE;
    ELSIF r.blocked_now THEN
      now_blocked := now_blocked || r.side;
    ELSE
      now_free := now_free || r.side;
    END IF;
  END LOOP;
  -- (Last: as any write this may renew the routes, and they follow by then.)
  UPDATE masking.orders f SET recorded_at = f.recorded_at WHERE f.order_id = the_order;
  IF changed > 0 AND masking.setting_on('feed_blocks') THEN
    FOREACH told_side IN ARRAY '{customer,agent}'::text[] LOOP
      IF told_side = ANY (now_blocked || now_free) THEN
        PERFORM masking.tell_block(the_order, told_side, told_side = ANY (now_blocked));
      END IF;
    END LOOP;
  END IF;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION masking.blocks_follow(text) IS
  'Brings the routes of an order in step with what is blocked; returns how many changed.';

CREATE OR REPLACE FUNCTION masking.blocks_follow_on(the_orders text[]) RETURNS integer
LANGUAGE plpgsql
AS $$
-- The same for several. Their rows are tried for, never waited for: of two transactions that wait for each other's
-- orders PostgreSQL would end one, and that could be the order system's.
--   locks  the orders' rows, each tried until lock_wait is over, else MK012
--   who    what the owner blocks: person_follows, blocks_follow_all
DECLARE
  deadline CONSTANT timestamptz := clock_timestamp() + masking.patience();
  the_order text;
  changed integer := 0;
BEGIN
  FOREACH the_order IN ARRAY the_orders LOOP
    LOOP
      PERFORM FROM masking.orders o WHERE o.order_id = the_order FOR UPDATE SKIP LOCKED;
      EXIT WHEN FOUND OR NOT EXISTS (SELECT FROM masking.orders o WHERE o.order_id = the_order);
      IF clock_timestamp() > deadline THEN
        RAISE EXCEPTION 'order % is being written', the_order USING ERRCODE = 'MK012', HINT = 'Try again.';
      END IF;
      PERFORM pg_sleep(0.002);
    END LOOP;
    changed := changed + masking.blocks_follow(the_order);
  END LOOP;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION masking.blocks_follow_on(text[]) IS
  'Brings the routes of these orders in step with what is blocked, or MK012; returns how many changed.';

CREATE OR REPLACE FUNCTION masking.blocks_follow_all() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The same for every order, where many may be concerned. Reads all that is live; rare, and the
-- owner's own wish.
BEGIN
  PERFORM masking.change_rules(for_anybody => true);
  RETURN masking.blocks_follow_on(ARRAY(
    SELECT DISTINCT r.order_id FROM masking.live_routes() r
    JOIN masking.orders o ON o.order_id = r.order_id
    WHERE r.blocked <> masking.is_blocked(o, r.side, r.caller, r.callee)
    ORDER BY 1));
END
$$;
COMMENT ON FUNCTION masking.blocks_follow_all() IS
  'Brings all routes in step with what is blocked; returns how many changed.';
