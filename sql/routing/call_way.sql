-- The way of a call, for a text, and of one who calls back: on the number that was dialled, else elsewhere.
CREATE OR REPLACE FUNCTION masking.call_way(the_caller bigint, dialled bigint,
  OUT way text, OUT callee bigint, OUT shows bigint, OUT side text, OUT route_id bigint, OUT order_ids text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  SELECT CASE WHEN r.blocked THEN 'blocked' ELSE 'connected' END, r.callee, dialled, r.side, r.route_id, r.order_ids
  INTO way, callee, shows, side, route_id, order_ids
  FROM masking.reached(the_caller, dialled) r;
  IF callee IS NULL THEN
    SELECT e.outcome, e.callee, e.shows, e.side, e.route_id, e.order_ids
    INTO way, callee, shows, side, route_id, order_ids
    FROM masking.elsewhere(the_caller, dialled) e
    WHERE e.outcome IN ('blocked', 'connected');
  END IF;
  order_ids := ARRAY(SELECT unnest(order_ids) ORDER BY 1);
END
$$;
COMMENT ON FUNCTION masking.call_way(bigint, bigint) IS
  'Whom somebody reaches who calls a number, or writes to it, and which number is shown there. way: connected, blocked; NULL: nobody.';
