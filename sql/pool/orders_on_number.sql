CREATE OR REPLACE FUNCTION masking.live_orders_on(number bigint) RETURNS TABLE (order_id text, is_former boolean, connects_until timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Reads the live routes.
  SELECT r.order_id, bool_and(r.former), max(upper(r.live))
  FROM masking.live_routes() r
  WHERE r.proxy = live_orders_on.number
  GROUP BY r.order_id
$$;
COMMENT ON FUNCTION masking.live_orders_on(bigint) IS
  'The orders whose people reach each other on a number now: whether it is the one of before a replacement, and until when.';

CREATE OR REPLACE FUNCTION masking.orders_on_number(proxy_number text) RETURNS TABLE (order_id text, is_former boolean, connects_until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- A number of ours is suspended, or rings no more: whom does it concern?
--   reads   proxy_numbers, live routes
--   who     the order system, support
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT o.* FROM masking.proxy_numbers p
  CROSS JOIN LATERAL masking.live_orders_on(p.e164) o
  WHERE p.number = regexp_replace(orders_on_number.proxy_number, '[^0-9]', '', 'g') AND (SELECT masking.support_reads('routes'))
  ORDER BY o.connects_until, o.order_id;
END
$$;
COMMENT ON FUNCTION masking.orders_on_number(text) IS
  'The orders whose people reach each other on a number of the pool now. is_former: the order has another one since, and this one connects beside it.';
GRANT EXECUTE ON FUNCTION masking.orders_on_number(text) TO masking_orders, masking_support;
