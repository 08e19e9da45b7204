CREATE OR REPLACE FUNCTION masking.order_window(wanted text, OUT begins timestamptz, OUT ends timestamptz)
LANGUAGE sql STABLE
AS $$
  -- An hour around, as clocks of machines differ.
  SELECT least(min(lower(r.live)), (SELECT o.placed_at FROM masking.orders o WHERE o.order_id = wanted)) - interval '1 hour',
    least(coalesce(greatest(max(upper(r.live)), (SELECT max(upper(c.live)) FROM masking.codes c WHERE c.order_id = wanted)), now())
      + interval '1 hour', now())
  FROM masking.routes r
  WHERE r.order_id = wanted
$$;
COMMENT ON FUNCTION masking.order_window(text) IS 'The time in which calls about an order were made; NULL: there is no such order.';

CREATE OR REPLACE FUNCTION masking.calls_of_order(wanted text, at_most integer)
RETURNS TABLE (call_uuid text, called_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The latest calls about an order, and those of its people that led to nobody in its time and
-- a day after it.
-- Reads calls by time and by the hash of the caller.
#variable_conflict use_column
DECLARE
  during record;
  people bigint[];
BEGIN
  during := masking.order_window(wanted);
  SELECT array_agg(DISTINCT masking.hash_if_keyed(p.number)) INTO people
  FROM (
    SELECT r.caller FROM masking.routes r WHERE r.order_id = wanted
    UNION SELECT unnest(ARRAY[o.customer, o.agent]) FROM masking.orders o WHERE o.order_id = wanted
    UNION SELECT f.phone FROM masking.order_phones f WHERE f.order_id = wanted
  ) p (number)
  WHERE p.number IS NOT NULL;
  RETURN QUERY
  SELECT f.call_uuid, f.called_at
  FROM (
    SELECT a.call_uuid, a.called_at FROM masking.calls_about(wanted, during.begins, during.ends) a
    UNION
    (SELECT c.call_uuid, c.called_at FROM masking.calls c
     WHERE c.caller_hash = ANY (people) AND c.called_at BETWEEN during.begins AND during.ends + interval '1 day'
     ORDER BY c.called_at DESC LIMIT at_most)
  ) f
  ORDER BY f.called_at DESC
  LIMIT at_most;
END
$$;
COMMENT ON FUNCTION masking.calls_of_order(text, integer) IS
  'The latest calls about an order, those of its people that reached nobody included.';
