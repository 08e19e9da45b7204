-- Rows that came past the triggers, a trigger of somebody's that changed an order after ours, a
-- restore of data alone: then an order and its routes say different things.
CREATE OR REPLACE FUNCTION masking.what_is_out_of_step(o masking.orders) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (
    SELECT FROM masking.routes r
    WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed)
      AND (NOT masking.is_wanted(o, r.side, r.caller, r.callee) OR NOT r.former AND r.proxy IS DISTINCT FROM masking.number_of(o.proxy_number)))
  THEN
    RETURN 'connects whom the order does not name';
  ELSIF EXISTS (
    SELECT FROM masking.wanted_routes(o, now()) w
    JOIN masking.routes r ON r.side = w.side AND r.caller = w.caller AND r.callee = w.callee
    WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed) AND r.blocked <> w.blocked)
  THEN
    RETURN 'does not follow what is blocked';
  ELSIF o.unmasked_since IS NOT NULL THEN
    RETURN CASE WHEN o.proxy_number IS NOT NULL AND masking.waits(o, now()) AND masking.connected_since(o, NULL, now()) IS NULL
      THEN 'waits, and shows a number' END;
  ELSIF o.completed_at IS NULL AND greatest(o.recorded_at, o.placed_at, o.routed_at) > now() - masking.setting_span('longest_life')
    AND EXISTS (
      -- (A route that expired is not closed, and stays so.)
      SELECT FROM masking.wanted_routes(o, now()) w
      WHERE w.must AND NOT EXISTS (
        SELECT FROM masking.routes r
        WHERE r.order_id = o.order_id AND r.side = w.side AND r.caller = w.caller AND r.callee = w.callee AND NOT r.closed))
  THEN
    RETURN 'connects nobody, and does not wait';
  ELSIF (o.customer, o.agent) IS DISTINCT FROM (masking.party(o, 'customer'), masking.party(o, 'agent')) THEN
    RETURN 'is not found by its people';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.what_is_out_of_step(masking.orders) IS
  'What is wrong between an order and its routes; NULL: nothing.';

CREATE OR REPLACE VIEW masking.orders_out_of_step AS
SELECT o.order_id, w.wrong
FROM masking.orders o
CROSS JOIN LATERAL (SELECT masking.what_is_out_of_step(o) AS wrong) w
WHERE w.wrong IS NOT NULL
UNION ALL
SELECT DISTINCT r.order_id, 'connects people, and is gone'
FROM masking.live_routes() r
WHERE NOT EXISTS (SELECT FROM masking.orders o WHERE o.order_id = r.order_id);
COMMENT ON VIEW masking.orders_out_of_step IS
  'Orders whose routes are not what the order says. Nothing, unless rows came past the triggers; reads all orders. To mend one: UPDATE it, with the values it has.';
COMMENT ON COLUMN masking.orders_out_of_step.order_id IS 'Which order.';
COMMENT ON COLUMN masking.orders_out_of_step.wrong IS 'What is wrong.';

CREATE OR REPLACE FUNCTION masking.check_step(at_most integer DEFAULT 500) RETURNS integer
LANGUAGE plpgsql
AS $$
-- Looks at so many orders, newest first, from where the last run left off, back to the longest
-- life of an order; a whole round is what the gauge orders_out_of_step says.
--   reads   orders (by age), routes
--   writes  chores
--   who     retention_run
DECLARE
  here masking.chores;
  o record;
  seen integer := 0;
  oldest CONSTANT timestamptz := now() - masking.setting_span('longest_life') - interval '24 hours';
BEGIN
  SELECT * INTO here FROM masking.chores c WHERE c.name = 'out_of_step' FOR UPDATE;
  FOR o IN
    SELECT k AS row, k.order_id, k.recorded_at FROM masking.orders k
    WHERE k.recorded_at > oldest
      AND (k.recorded_at, k.order_id) < (coalesce(here.reached_time, 'infinity'), coalesce(here.reached_id, ''))
    ORDER BY k.recorded_at DESC, k.order_id DESC
    LIMIT at_most
  LOOP
    seen := seen + 1;
    here.finding := here.finding + (masking.what_is_out_of_step(o.row) IS NOT NULL)::integer;
    here.reached_time := o.recorded_at;
    here.reached_id := o.order_id;
  END LOOP;
  IF seen < at_most THEN
    UPDATE masking.chores c SET found = here.finding, finding = 0, reached_time = NULL, reached_id = NULL, finished_at = now()
    WHERE c.name = 'out_of_step';
  ELSE
    UPDATE masking.chores c SET finding = here.finding, reached_time = here.reached_time, reached_id = here.reached_id
    WHERE c.name = 'out_of_step';
  END IF;
  RETURN seen;
END
$$;
COMMENT ON FUNCTION masking.check_step(integer) IS 'One piece of the round that counts orders out of step with their routes.';
