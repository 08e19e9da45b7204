CREATE OR REPLACE FUNCTION masking.order_life(wanted text, OUT begins timestamptz, OUT ends timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- What was never connected may be reached by code for as long as it waits.
  SELECT least(t.began, o.recorded_at),
    least(greatest(coalesce(t.ended, o.recorded_at + masking.setting_span('longest_life')),
      (SELECT max(upper(c.live)) FROM masking.codes c WHERE c.order_id = wanted)), now())
  FROM (SELECT min(lower(r.live)) AS began, max(upper(r.live)) AS ended FROM masking.routes r WHERE r.order_id = wanted) t
  LEFT JOIN masking.orders o ON o.order_id = wanted
$$;
COMMENT ON FUNCTION masking.order_life(text) IS
  'The time until now in which an order''s people could call by it, grace included; NULL: there is no such order.';

CREATE OR REPLACE FUNCTION masking.order_window(wanted text, OUT begins timestamptz, OUT ends timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- An hour around, as clocks of machines differ.
  SELECT l.begins - interval '1 hour', least(l.ends + interval '1 hour', now()) FROM masking.order_life(wanted) l
$$;
COMMENT ON FUNCTION masking.order_window(text) IS 'The time in which calls about an order were made; NULL: there is no such order.';

CREATE OR REPLACE FUNCTION masking.people_of_order(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT array_agg(DISTINCT masking.hash_if_keyed(p.number))
  FROM (
    SELECT r.caller FROM masking.routes r WHERE r.order_id = wanted
    UNION SELECT unnest(ARRAY[o.customer, o.agent]) FROM masking.orders o WHERE o.order_id = wanted
    UNION SELECT f.phone FROM masking.order_phones f WHERE f.order_id = wanted
  ) p (number)
  WHERE p.number IS NOT NULL
$$;
COMMENT ON FUNCTION masking.people_of_order(text) IS 'Who could call by an order at any time, as keyed hashes.';

CREATE OR REPLACE FUNCTION masking.calls_of_order(wanted text, at_most integer)
RETURNS TABLE (call_uuid text, called_at timestamptz, is_own boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The latest calls about an order, so many at most, and as many of those that its people made in its life and grace
-- and that were not about it. (What was put through for another order has no hash, and is not among them.)
-- Reads calls by time and by the hash of the caller.
#variable_conflict use_column
DECLARE
  around record := masking.order_window(wanted);
  life record := masking.order_life(wanted);
  people CONSTANT bigint[] := masking.people_of_order(wanted);
BEGIN
  RETURN QUERY
  (SELECT a.call_uuid, a.called_at, true FROM masking.calls_about(wanted, around.begins, around.ends) a
   ORDER BY a.called_at DESC LIMIT at_most)
  UNION ALL
  -- As rows are compared, this is a question to calls_unreached alone.
  (SELECT c.call_uuid, c.called_at, false FROM unnest(people) AS p (hash)
   JOIN masking.calls c ON c.caller_hash IS NOT NULL AND (c.caller_hash, c.called_at) BETWEEN (p.hash, life.begins) AND (p.hash, life.ends)
   WHERE (c.order_ids @> ARRAY[wanted]) IS NOT TRUE
   ORDER BY c.called_at DESC LIMIT at_most)
  ORDER BY called_at DESC, call_uuid DESC;
END
$$;
COMMENT ON FUNCTION masking.calls_of_order(text, integer) IS
  'The latest calls about an order, and others that its people made while they could call by it, which reached nobody.';

CREATE OR REPLACE FUNCTION masking.strangers_of_order(wanted text, at_most integer)
RETURNS TABLE (call_uuid text, called_at timestamptz, outcome text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Calls on an order's number while its people could call by it, of which nobody knows whose they were: apologies
-- first, as nobody was asked who called. Looks at the latest 5,000 calls of that time at most.
#variable_conflict use_column
DECLARE
  life record := masking.order_life(wanted);
  numbers bigint[];
  people CONSTANT bigint[] := coalesce(masking.people_of_order(wanted), '{}');
BEGIN
  SELECT array_agg(DISTINCT n.proxy) INTO numbers
  FROM (
    SELECT r.proxy FROM masking.routes r WHERE r.order_id = wanted
    UNION ALL SELECT o.proxy_number::bigint FROM masking.orders o WHERE o.order_id = wanted) n
  WHERE n.proxy IS NOT NULL OR NOT EXISTS (SELECT FROM masking.proxy_numbers);
  RETURN QUERY
  SELECT c.call_uuid, c.called_at, c.outcome
  FROM (
    SELECT k.* FROM masking.calls k WHERE k.called_at BETWEEN life.begins AND life.ends ORDER BY k.called_at DESC LIMIT 5000) c
  WHERE c.order_ids IS NULL AND (c.proxy = ANY (numbers) OR array_position(numbers, NULL) IS NOT NULL)
    AND (c.caller_hash IS NULL OR c.caller_hash <> ALL (people))
  ORDER BY c.outcome <> 'apologised', c.called_at DESC
  LIMIT at_most;
END
$$;
COMMENT ON FUNCTION masking.strangers_of_order(text, integer) IS
  'Calls on an order''s number in its time of which nobody knows whose they were: apologies and strangers.';
