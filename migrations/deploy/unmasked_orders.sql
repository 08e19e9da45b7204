-- Deploy number-masking:unmasked_orders to pg
--
-- An order never fails because no number is free; it commits without one, is
-- seen here, and gets one as soon as assign_pending() finds one.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE VIEW masking.unmasked_orders AS
SELECT o.order_id, o.placed_at, o.unmasked_since
FROM masking.orders o
CROSS JOIN (
  SELECT
    max(s.value::double precision * ('1 ' || s.unit)::interval)
      FILTER (WHERE s.name = 'longest_life') AS longest_life,
    max(s.value::double precision * ('1 ' || s.unit)::interval)
      FILTER (WHERE s.name IN ('customer_grace', 'agent_grace')) AS grace
  FROM masking.settings s
) w
WHERE o.unmasked_since IS NOT NULL AND o.agent_number IS NOT NULL AND o.cancelled_at IS NULL
  AND CASE WHEN o.completed_at IS NOT NULL THEN least(o.completed_at, '9999-01-01') + w.grace
    ELSE o.unmasked_since + w.longest_life END > now();
COMMENT ON VIEW masking.unmasked_orders IS
  'Orders whose two people cannot call each other yet, because no proxy number was free.';
COMMENT ON COLUMN masking.unmasked_orders.order_id IS 'Which order.';
COMMENT ON COLUMN masking.unmasked_orders.placed_at IS 'When it was placed.';
COMMENT ON COLUMN masking.unmasked_orders.unmasked_since IS 'Since when it waits.';
GRANT SELECT ON masking.unmasked_orders TO masking_orders;

CREATE FUNCTION masking.assign_pending(at_most integer DEFAULT 200)
RETURNS TABLE (order_id text, proxy_number text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  waiting masking.orders;
BEGIN
  BEGIN
    LOCK TABLE masking.orders IN ROW EXCLUSIVE MODE NOWAIT;
  EXCEPTION WHEN lock_not_available THEN
    RETURN; -- a large import has it
  END;

  -- Some of those that wait no longer may be locked by somebody; next time then.
  UPDATE masking.orders o SET unmasked_since = NULL
  WHERE o.order_id IN (
    SELECT e.order_id FROM masking.orders e
    WHERE e.unmasked_since IS NOT NULL
      AND NOT EXISTS (SELECT FROM masking.unmasked_orders u WHERE u.order_id = e.order_id)
    LIMIT at_most
    FOR UPDATE SKIP LOCKED);

  -- Those for whom nothing is free must not keep back those behind them, nor
  -- make this hold locks for nothing; so they are asked about first, and beside the
  -- oldest some others by chance.
  FOR waiting IN
    SELECT o.* FROM masking.orders o
    WHERE o.unmasked_since IS NOT NULL AND o.order_id IN (
      SELECT w.order_id FROM (
        SELECT c AS candidate, c.order_id, c.unmasked_since FROM masking.orders c
        WHERE c.order_id IN (
          (SELECT f.order_id FROM masking.orders f
            WHERE f.unmasked_since IS NOT NULL ORDER BY f.unmasked_since LIMIT 5 * at_most)
          UNION ALL
          (SELECT f.order_id FROM masking.orders f
            WHERE f.unmasked_since IS NOT NULL ORDER BY random() LIMIT 5 * at_most))
      ) w
      WHERE (SELECT p.available FROM masking.choose_proxy(w.candidate, clock_timestamp(), '{}') p)
      ORDER BY w.unmasked_since
      LIMIT at_most)
    ORDER BY o.unmasked_since
    FOR UPDATE SKIP LOCKED
  LOOP
    waiting := masking.route(waiting, waiting, interval '0');
    CONTINUE WHEN waiting.unmasked_since IS NOT NULL;
    UPDATE masking.orders o SET proxy_number = waiting.proxy_number, unmasked_since = NULL
    WHERE o.order_id = waiting.order_id;
    order_id := waiting.order_id;
    proxy_number := waiting.proxy_number;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.assign_pending(integer) IS
  'Gives waiting orders, oldest first, the numbers that are free by now; returns those that got one. Never waits for anybody.';
GRANT EXECUTE ON FUNCTION masking.assign_pending(integer) TO masking_orders, masking_server;

COMMIT;
