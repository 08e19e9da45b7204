CREATE OR REPLACE FUNCTION masking.issue_codes(at_most integer DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- After the setting codes was turned on: gives codes to orders that are open already, so many a
-- call and each call a transaction of its own; call it until it returns 0. An order that
-- somebody is writing is left for the next call, and gets its codes by that write anyway.
--   reads   orders, by their open routes and their waiting
--   writes  orders, codes
--   locks   the orders' rows, where they are free
DECLARE
  o masking.orders;
  issued bigint := 0;
BEGIN
  FOR o IN
    SELECT f.* FROM masking.orders f
    WHERE f.order_id IN (
        SELECT r.order_id FROM masking.live_routes() r
        UNION ALL
        SELECT w.order_id FROM masking.orders w WHERE w.unmasked_since IS NOT NULL)
      AND f.customer_code IS NULL AND f.agent_code IS NULL AND f.forgotten_at IS NULL
    LIMIT at_most
    FOR UPDATE SKIP LOCKED
  LOOP
    o := masking.give_codes(o, o);
    CONTINUE WHEN num_nonnulls(o.customer_code, o.agent_code) = 0;
    UPDATE masking.orders f SET customer_code = o.customer_code, agent_code = o.agent_code
    WHERE f.order_id = o.order_id;
    issued := issued + 1;
  END LOOP;
  RETURN issued;
END
$$;
COMMENT ON FUNCTION masking.issue_codes(integer) IS
  'After the setting codes was turned on: gives codes to so many of the orders that are open already. Returns how many; call it until that is 0.';
