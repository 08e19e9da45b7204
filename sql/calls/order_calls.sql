CREATE OR REPLACE FUNCTION masking.calls_about(the_order text, began timestamptz, ended timestamptz)
RETURNS TABLE (call_uuid text, called_at timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- By calls_by_time, which has the hash of the first order; and by calls_of_several, for which
  -- OFFSET 0 keeps the time out of the planner's sight.
  SELECT c.call_uuid, c.called_at FROM masking.calls c
  WHERE c.called_at BETWEEN began AND ended AND hashtext(c.order_ids[1]) = hashtext(the_order) AND c.order_ids[1] = the_order
  UNION ALL
  SELECT s.call_uuid, s.called_at
  FROM (
    SELECT c.call_uuid, c.called_at FROM masking.calls c
    WHERE c.order_ids[2] IS NOT NULL AND c.order_ids @> ARRAY[the_order] AND c.order_ids[1] <> the_order
    OFFSET 0
  ) s
  WHERE s.called_at BETWEEN began AND ended
$$;
COMMENT ON FUNCTION masking.calls_about(text, timestamptz, timestamptz) IS
  'The calls of a time that were about an order, whichever of these two people''s orders they name first.';

CREATE OR REPLACE FUNCTION masking.order_calls(the_order text) RETURNS SETOF masking.call_log
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The calls of one order: those it connected lie in the time in which it had routes, and are found
-- there by calls_about(); those that its people made, on whatever number, and that reached
-- nobody are found by the hash of who called.
--   reads   routes, orders and codes (of this order), calls (by time, by caller), call_life
--   who     the order system, support, the console
#variable_conflict use_column
DECLARE
  o masking.orders;
  began timestamptz;
  ended timestamptz;
  people bigint[];
BEGIN
  SELECT min(lower(r.live)), max(upper(r.live)), array_agg(DISTINCT masking.hash_if_keyed(r.caller))
  INTO began, ended, people
  FROM masking.routes r
  WHERE r.order_id = the_order;
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = the_order;
  -- An order that waited for a number has no routes, and was reached by code all the same.
  began := least(began, o.recorded_at);
  -- So was one that waits again.
  ended := greatest(coalesce(ended, o.recorded_at + masking.setting_span('longest_life')),
    (SELECT max(upper(c.live)) FROM masking.codes c WHERE c.order_id = the_order));
  people := coalesce(people, '{}') || ARRAY[
    masking.hash_if_keyed(masking.party(o, 'customer')), masking.hash_if_keyed(masking.party(o, 'agent'))]
    || ARRAY(SELECT masking.hash_if_keyed(p.phone) FROM masking.order_phones p WHERE p.order_id = the_order);
  RETURN QUERY
  SELECT l.*
  FROM (
    SELECT a.call_uuid
    FROM masking.calls_about(the_order, began - interval '1 hour', least(ended, now()) + interval '1 hour') a
    UNION
    -- As rows are compared, this is a question to calls_unreached alone, also while the planner knows nothing.
    SELECT c.call_uuid FROM unnest(people) AS p (hash)
    JOIN masking.calls c ON c.caller_hash IS NOT NULL AND (c.caller_hash, c.called_at)
      BETWEEN (p.hash, began - interval '24 hours') AND (p.hash, least(ended, now()) + interval '24 hours')
  ) found
  JOIN masking.call_log l ON l.call_uuid = found.call_uuid
  WHERE l.order_id IS NULL OR l.order_id = the_order
  ORDER BY l.called_at, l.call_uuid;
END
$$;
COMMENT ON FUNCTION masking.order_calls(text) IS
  'All calls of one order, as call_log has them, and the calls of its people within a day around it that reached nobody (order_id is NULL there).';
GRANT EXECUTE ON FUNCTION masking.order_calls(text) TO masking_orders, masking_support;
