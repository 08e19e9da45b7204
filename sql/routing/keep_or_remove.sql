CREATE OR REPLACE FUNCTION masking.keep_or_remove(route masking.routes) RETURNS void
LANGUAGE plpgsql
AS $$
-- A route is opened before it is known whether its order is inserted at all: ON CONFLICT may
-- find the row of a transaction that could not be seen. At commit the order must be there
-- and want it; and whoever opened a route for a good reason holds the order's row, so an
-- order that another transaction holds is not the one that was meant.
--   reads, locks  the order's row, FOR SHARE if it is free
--   writes        routes: takes away the new one that no order wants
--   who           the trigger "belongs" on routes, at commit
BEGIN
  PERFORM FROM masking.orders o
  WHERE o.order_id = route.order_id
    AND (masking.number_of(o.proxy_number) IS NOT DISTINCT FROM route.proxy OR EXISTS (
      -- (It may have become former since it was opened.)
      SELECT FROM masking.routes r WHERE r.order_id = route.order_id AND r.route_id = route.route_id AND r.former))
    AND masking.is_wanted(o, route.side, route.caller, route.callee)
  FOR SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    DELETE FROM masking.routes r
    WHERE r.order_id = route.order_id AND r.route_id = route.route_id AND masking.is_live(r.live, r.closed, clock_timestamp());
  END IF;
END
$$;
COMMENT ON FUNCTION masking.keep_or_remove(masking.routes) IS
  'Takes away a new live route that no order wants.';
