CREATE OR REPLACE FUNCTION masking.order_calls(the_order text) RETURNS SETOF masking.call_log
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The calls of one order: those it connected lie in the time in which it had routes, and are found
-- there by the index on time; those that its people made, on whatever number, and that reached
-- nobody are found by the hash of who called.
--   reads   routes and orders (of this order), calls (by time, by caller), call_life
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
  ended := coalesce(ended, o.recorded_at + masking.setting_span('longest_life'));
  people := coalesce(people, '{}') || ARRAY[
    masking.hash_if_keyed(masking.party(o, 'customer')), masking.hash_if_keyed(masking.party(o, 'agent'))]
    || ARRAY(SELECT masking.hash_if_keyed(p.phone) FROM masking.order_phones p WHERE p.order_id = the_order);
  RETURN QUERY
  SELECT l.*
  FROM (
    SELECT c.call_uuid FROM masking.calls c
    WHERE c.called_at BETWEEN began - interval '1 hour' AND least(ended, now()) + interval '1 hour'
      AND c.order_ids @> ARRAY[the_order]
    UNION
    SELECT c.call_uuid FROM masking.calls c
    WHERE c.caller_hash = ANY (people)
      AND c.called_at BETWEEN began - interval '24 hours' AND least(ended, now()) + interval '24 hours'
  ) found
  JOIN masking.call_log l ON l.call_uuid = found.call_uuid
  WHERE l.order_id IS NULL OR l.order_id = the_order
  ORDER BY l.called_at, l.call_uuid;
END
$$;
COMMENT ON FUNCTION masking.order_calls(text) IS
  'All calls of one order, as call_log has them, and the calls of its people within a day around it that reached nobody (order_id is NULL there).';
GRANT EXECUTE ON FUNCTION masking.order_calls(text) TO masking_orders, masking_support;
