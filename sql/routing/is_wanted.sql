CREATE OR REPLACE FUNCTION masking.is_wanted(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  own text := CASE the_side WHEN 'customer' THEN o.customer_number ELSE o.agent_number END;
  other text := CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END;
BEGIN
  RETURN coalesce(the_callee = masking.number_of(other)
    AND (the_caller = masking.person(masking.number_of(own)) OR EXISTS (
      SELECT FROM masking.order_phones p
      WHERE p.order_id = o.order_id AND p.side = the_side AND masking.person(masking.number_of(p.number)) = the_caller)), false);
END
$$;
COMMENT ON FUNCTION masking.is_wanted(masking.orders, text, bigint, bigint) IS
  'Whether an order, as it is now, wants this caller of that side to reach this callee.';
