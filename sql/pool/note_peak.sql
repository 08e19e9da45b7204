CREATE OR REPLACE FUNCTION masking.note_peak(o masking.orders, customer_holds integer, agent_holds integer)
RETURNS void
LANGUAGE plpgsql
AS $$
-- How many numbers must a pool have? As many as the most counterparts a customer and an agent
-- hold at once, less one. What these two hold was counted when their number was chosen; with
-- the orders that wait beside it, that is the most so far or it is not.
--   reads   orders (of these two people, waiting), proxy_numbers, pool_peaks
--   writes  pool_peaks, only where this is more than the hour has yet
--   locks   the peaks as a whole (a row of chores), tried: while another transaction notes one nothing is
--           noted here, and one of the next orders will notice the same
--   who     route_order
DECLARE
  on_prefix text;
  this_hour timestamptz := date_trunc('hour', clock_timestamp());
  peak record;
BEGIN
  IF o.proxy_number IS NOT NULL THEN
    SELECT p.prefix INTO on_prefix FROM masking.proxy_numbers p WHERE p.number = o.proxy_number;
  ELSE
    SELECT p.prefix INTO on_prefix FROM masking.proxy_numbers p
    WHERE starts_with(o.customer_number, p.prefix) AND starts_with(o.agent_number, p.prefix)
    ORDER BY length(p.prefix) DESC
    LIMIT 1;
  END IF;
  IF on_prefix IS NULL THEN
    RETURN; -- the pool is empty, or serves neither
  END IF;
  IF o.unmasked_since IS NOT NULL THEN
    customer_holds := customer_holds + (
      SELECT count(DISTINCT w.agent) FROM masking.orders w
      WHERE w.customer = masking.party(o, 'customer') AND w.unmasked_since IS NOT NULL
        AND w.agent <> masking.party(o, 'agent') AND w.order_id <> o.order_id);
    agent_holds := agent_holds + (
      SELECT count(DISTINCT w.customer) FROM masking.orders w
      WHERE w.agent = masking.party(o, 'agent') AND w.unmasked_since IS NOT NULL
        AND w.customer <> masking.party(o, 'customer') AND w.order_id <> o.order_id);
  END IF;
  FOR peak IN SELECT * FROM (VALUES ('customer', customer_holds + 1), ('agent', agent_holds + 1)) v (side, counterparts) LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM masking.pool_peaks k
      WHERE k.prefix = on_prefix AND k.side = peak.side AND k.hour = this_hour AND k.counterparts >= peak.counterparts);
    EXIT WHEN NOT masking.take_chore('pool_peaks');
    INSERT INTO masking.pool_peaks AS k (prefix, side, hour, counterparts)
    VALUES (on_prefix, peak.side, this_hour, peak.counterparts)
    ON CONFLICT (prefix, side, hour) DO UPDATE SET counterparts = EXCLUDED.counterparts
    WHERE k.counterparts < EXCLUDED.counterparts;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.note_peak(masking.orders, integer, integer) IS
  'Notes how many counterparts the two people of an order hold, this one included, if that is the most of the hour.';
