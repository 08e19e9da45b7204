-- Plain SQL functions, put in place where they are asked.
CREATE OR REPLACE FUNCTION masking.is_open(o masking.orders, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT o.cancelled_at IS NULL AND o.forgotten_at IS NULL AND (o.completed_at IS NULL OR o.completed_at > at)
$$;
COMMENT ON FUNCTION masking.is_open(masking.orders, timestamptz) IS
  'Whether an order is placed and not over: neither cancelled nor forgotten, and completed not at all, or later, which is a plan. Grace times are those of its routes.';
GRANT EXECUTE ON FUNCTION masking.is_open(masking.orders, timestamptz) TO masking_orders, masking_support; -- who read unmasked_orders

CREATE OR REPLACE FUNCTION masking.orders_of(person bigint, hash bigint) RETURNS SETOF masking.orders
LANGUAGE sql STABLE
AS $$
  -- Each question has its index. An order may come twice.
  SELECT o.* FROM masking.orders o WHERE o.customer IN (person, hash)
  UNION ALL
  SELECT o.* FROM masking.orders o WHERE o.agent IN (person, hash)
  UNION ALL
  SELECT o.* FROM masking.order_phones p JOIN masking.orders o ON o.order_id = p.order_id WHERE p.phone = person
$$;
COMMENT ON FUNCTION masking.orders_of(bigint, bigint) IS
  'The orders of a person, in the spelling of masking.person(), by main and further phones, and of a forgotten one by the hash; NULL: only by the one.';
