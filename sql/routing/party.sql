CREATE OR REPLACE FUNCTION masking.other(side text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE side WHEN 'customer' THEN 'agent' WHEN 'agent' THEN 'customer' END
$$;
COMMENT ON FUNCTION masking.other(text) IS 'The other side of an order; NULL for NULL.';
GRANT EXECUTE ON FUNCTION masking.other(text) TO masking_orders, masking_support; -- who read call_log

CREATE OR REPLACE FUNCTION masking.dialled(o masking.orders, side text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT masking.number_of(CASE side WHEN 'customer' THEN o.customer_number WHEN 'agent' THEN o.agent_number END)
$$;
COMMENT ON FUNCTION masking.dialled(masking.orders, text) IS
  'The phone of one side of an order, as it is dialled; NULL: nobody is on that side.';

CREATE OR REPLACE FUNCTION masking.party(o masking.orders, side text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT masking.person(masking.dialled(o, side))
$$;
COMMENT ON FUNCTION masking.party(masking.orders, text) IS
  'Who is on one side of an order, in the spelling of masking.person(), as columns customer and agent of a stored row; NULL: nobody.';

CREATE OR REPLACE FUNCTION masking.names_same(before masking.orders, o masking.orders) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT masking.party(before, 'customer') IS NOT DISTINCT FROM masking.party(o, 'customer')
    AND masking.party(before, 'agent') IS NOT DISTINCT FROM masking.party(o, 'agent')
$$;
COMMENT ON FUNCTION masking.names_same(masking.orders, masking.orders) IS
  'Whether an order names the same two people before and after a write, however their numbers are written.';
