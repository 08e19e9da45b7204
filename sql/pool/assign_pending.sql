CREATE OR REPLACE FUNCTION masking.assign_pending(at_most integer DEFAULT 200)
RETURNS TABLE (order_id text, proxy_number text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Gives waiting orders the numbers that are free by now. One server at a time, for a quarter
-- of a second (20 orders at least, so that a slow machine gets on too), from where the last
-- run left off: however many wait for whom nothing is free, those behind them get their turn.
-- Then, for as long, orders get another number whose own is being replaced (replace_some).
--   reads   orders that wait (a partial index), choose_proxy
--   writes  orders, and what route_order and replace_some write
--   locks   its row of chores (tried: another server may be at it); the row of an order that can be
--           served, if it is free; people and numbers, tried without any patience; its further
--           phones, tried for lock_wait each (phones_follow)
--   who     a chore of the servers; the order system or an operator who does not want to wait
#variable_conflict use_column
DECLARE
  began CONSTANT timestamptz := clock_timestamp();
  here masking.chores;
  candidate masking.orders;
  waiting masking.orders;
  examined integer := 0;
  served integer := 0;
  round_began timestamptz;
BEGIN
  IF NOT masking.take_chore('assign_pending') THEN
    RETURN;
  END IF;
  SELECT * INTO here FROM masking.chores c WHERE c.name = 'assign_pending';
  -- Orders that wait no longer; a row that is locked is left for the next run.
  UPDATE masking.orders o SET unmasked_since = NULL, unmasked_reason = NULL
  WHERE o.order_id IN (
    SELECT e.order_id FROM masking.orders e
    WHERE e.unmasked_since IS NOT NULL
      AND NOT EXISTS (SELECT FROM masking.unmasked_orders u WHERE u.order_id = e.order_id)
      AND (e.cancelled_at IS NOT NULL OR e.completed_at IS NOT NULL OR e.agent_number IS NULL
        OR e.unmasked_since < now() - masking.setting_span('longest_life'))
    ORDER BY e.unmasked_since
    LIMIT at_most
    FOR UPDATE SKIP LOCKED);
  round_began := here.reached_time;
  LOOP
    SELECT o.* INTO candidate FROM masking.orders o
    WHERE o.unmasked_since IS NOT NULL
      AND (o.unmasked_since, o.order_id) > (coalesce(here.reached_time, '-infinity'), coalesce(here.reached_id, ''))
    ORDER BY o.unmasked_since, o.order_id
    LIMIT 1;
    IF candidate.order_id IS NULL THEN
      -- The end: the next run, or this one if it began in the middle, starts with the oldest.
      here.reached_time := NULL;
      here.reached_id := NULL;
      EXIT WHEN round_began IS NULL;
      round_began := NULL;
      CONTINUE;
    END IF;
    here.reached_time := candidate.unmasked_since;
    here.reached_id := candidate.order_id;
    examined := examined + 1;
    -- Asked before its row is locked: most wait for whom nothing is free.
    IF masking.waits(candidate, clock_timestamp())
      AND (SELECT p.available FROM masking.choose_proxy(candidate, clock_timestamp(), '{}') p)
    THEN
      SELECT o.* INTO waiting FROM masking.orders o
      WHERE o.order_id = candidate.order_id AND o.unmasked_since IS NOT NULL
      FOR UPDATE SKIP LOCKED;
      IF FOUND THEN
        waiting := masking.route_order(waiting, waiting, interval '0');
        IF waiting.unmasked_since IS NULL THEN
          UPDATE masking.orders o
          SET proxy_number = waiting.proxy_number, unmasked_since = NULL, unmasked_reason = NULL, routed_at = waiting.routed_at
          WHERE o.order_id = waiting.order_id;
          order_id := waiting.order_id;
          proxy_number := waiting.proxy_number;
          served := served + 1;
          RETURN NEXT;
        END IF;
      END IF;
    END IF;
    EXIT WHEN served >= at_most
      OR examined >= 20 AND clock_timestamp() > began + interval '250 milliseconds';
  END LOOP;
  UPDATE masking.chores c SET reached_time = here.reached_time, reached_id = here.reached_id, finished_at = now()
  WHERE c.name = 'assign_pending';
  RETURN QUERY SELECT * FROM masking.replace_some(at_most);
END
$$;
COMMENT ON FUNCTION masking.assign_pending(integer) IS
  'Gives waiting orders, in the order in which they began to wait, the numbers that are free by now, then orders on a number that is being replaced another one; returns those that got one. Bounded work; waits for nobody, but for who is routing a further phone, up to lock_wait.';
GRANT EXECUTE ON FUNCTION masking.assign_pending(integer) TO masking_orders, masking_server;
