CREATE OR REPLACE FUNCTION masking.other(side text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE side WHEN 'customer' THEN 'agent' WHEN 'agent' THEN 'customer' END
$$;
COMMENT ON FUNCTION masking.other(text) IS 'The other side of an order; NULL for NULL.';

CREATE OR REPLACE FUNCTION masking.party(o masking.orders, side text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT masking.number_of(CASE side WHEN 'customer' THEN o.customer_number WHEN 'agent' THEN o.agent_number END)
$$;
COMMENT ON FUNCTION masking.party(masking.orders, text) IS
  'The phone of one side of an order, as it is dialled; NULL: nobody is on that side.';
