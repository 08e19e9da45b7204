CREATE OR REPLACE FUNCTION masking.explain(order_id text) RETURNS TABLE (words text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- For people with psql. Puts on record under which name they logged in.
BEGIN
  PERFORM masking.looked(session_user, 'explain',
    (SELECT r.order_id FROM masking.routes r WHERE r.order_id = explain.order_id
     UNION SELECT o.order_id FROM masking.orders o WHERE o.order_id = explain.order_id LIMIT 1));
  RETURN QUERY SELECT s.words || ' ' || s.details FROM masking.explained_sides(explain.order_id) s;
END
$$;
COMMENT ON FUNCTION masking.explain(text) IS
  'Who can call whom by an order now, and why or why not; that it was asked is on record.';
GRANT EXECUTE ON FUNCTION masking.explain(text) TO masking_support;

CREATE OR REPLACE FUNCTION masking.explain(from_number text, to_number text, at timestamptz DEFAULT now())
RETURNS TABLE (words text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- For people with psql: explain_route() without the number of the other party.
BEGIN
  PERFORM masking.looked(session_user, 'explain', masking.said_numbers(from_number, to_number));
  RETURN QUERY SELECT e.words FROM masking.explain_route(from_number, to_number, at) e;
END
$$;
COMMENT ON FUNCTION masking.explain(text, text, timestamptz) IS
  'Why a call from one number to another connected or not; that it was asked is on record.';
GRANT EXECUTE ON FUNCTION masking.explain(text, text, timestamptz) TO masking_support;

-- No number is in them.
GRANT SELECT ON masking.call_log, masking.unmasked_orders TO masking_support;
