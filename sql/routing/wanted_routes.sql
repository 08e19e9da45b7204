CREATE OR REPLACE FUNCTION masking.wanted_routes(o masking.orders, assigned timestamptz)
RETURNS TABLE (side text, caller bigint, callee bigint, dials bigint, until timestamptz, blocked boolean, must boolean)
LANGUAGE sql STABLE
AS $$
  -- What an order wants, by its row: who reaches whom, until when if they were assigned then, and whether he hears
  -- that he is blocked instead. must: the two main phones; the order is masked while one of those routes lives. The others are
  -- further phones, wanted while the main phone of their side is connected, but for a number that has become a main
  -- phone or one of ours.
  --   reads  order_phones (of this order), proxy_numbers, settings, what is_blocked reads
  --   who    whatever opens, keeps, ends or checks routes. No settings of its own, so that PostgreSQL puts it in place,
  --          and works out only the columns that are asked for; with a variable as o (PostgreSQL 15 fails to plan it beside a
  --          table whose rows are the orders)
  SELECT w.side, w.caller, w.callee, nullif(masking.dialled(o, masking.other(w.side)), w.callee), w.until,
    masking.is_blocked(o, w.side, w.caller, w.callee), w.must
  FROM (
    SELECT s.side, masking.party(o, s.side) AS caller, masking.party(o, masking.other(s.side)) AS callee,
      masking.live_until(o, s.side, assigned) AS until, true AS must
    FROM (VALUES ('customer'), ('agent')) AS s (side)
    UNION ALL
    SELECT p.side, p.phone, masking.party(o, masking.other(p.side)),
      masking.live_until(o, p.side, assigned), false
    FROM masking.order_phones p
    WHERE p.order_id = o.order_id
      AND p.phone NOT IN (masking.party(o, 'customer'), masking.party(o, 'agent'))
      AND NOT masking.is_proxy(p.phone)
  ) w
  WHERE masking.names_both(o)
$$;
COMMENT ON FUNCTION masking.wanted_routes(masking.orders, timestamptz) IS
  'The routes that an order, as it is now, wants, of people who were assigned then.';

CREATE OR REPLACE FUNCTION masking.is_main(o masking.orders, side text, caller bigint, callee bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  -- What must be, of wanted_routes, told by a route alone: this is asked with every write.
  SELECT masking.names_both(o) AND caller = masking.party(o, side) AND callee = masking.party(o, masking.other(side))
$$;
COMMENT ON FUNCTION masking.is_main(masking.orders, text, bigint, bigint) IS
  'Whether a route from this caller of that side to this callee is between the two main phones of an order.';

CREATE OR REPLACE FUNCTION masking.is_wanted(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF masking.is_main(o, the_side, the_caller, the_callee) THEN
    RETURN true;
  END IF;
  RETURN EXISTS (
    SELECT FROM masking.wanted_routes(o, now()) w
    WHERE NOT w.must AND w.side = the_side AND w.caller = the_caller AND w.callee = the_callee);
END
$$;
COMMENT ON FUNCTION masking.is_wanted(masking.orders, text, bigint, bigint) IS
  'Whether an order, as it is now, wants this caller of that side to reach this callee.';

CREATE OR REPLACE FUNCTION masking.connected_since(o masking.orders, the_side text, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT max(coalesce(r.began, lower(r.live))) FROM masking.routes r
    WHERE r.order_id = o.order_id AND r.side = coalesce(the_side, r.side) AND masking.is_live(r.live, r.closed, at)
      AND masking.is_main(o, r.side, r.caller, r.callee)
      AND r.proxy IS NOT DISTINCT FROM masking.number_of(o.proxy_number));
END
$$;
COMMENT ON FUNCTION masking.connected_since(masking.orders, text, timestamptz) IS
  'When the main phone of a side (NULL: of one or the other) was assigned that reaches the other party on the order''s number; NULL: it reaches nobody.';
