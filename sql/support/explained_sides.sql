CREATE OR REPLACE FUNCTION masking.explained_sides(wanted text)
RETURNS TABLE (side text, is_open boolean, words text, details text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Who can call whom by an order at this moment, a row for each phone that can, and one for
-- each side that cannot, with the reason. Reads orders and the order's routes by their key; called
-- by console_order and explain.
#variable_conflict use_column
DECLARE
  o masking.orders;
  r masking.routes;
  the_side text;
  other text;
  found_one boolean;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = wanted;
  FOREACH the_side IN ARRAY ARRAY['customer', 'agent'] LOOP
    other := CASE the_side WHEN 'customer' THEN 'agent' ELSE 'customer' END;
    found_one := false;
    side := the_side;
    FOR r IN
      SELECT * FROM masking.routes t
      WHERE t.order_id = wanted AND t.side = the_side AND NOT t.closed AND t.live @> now()
      ORDER BY upper(t.live) DESC
    LOOP
      found_one := true;
      is_open := NOT r.blocked;
      words := CASE WHEN r.blocked THEN format('The %s may not call: %s.', the_side, masking.said_block(r.callee))
        ELSE format('The %s reaches the %s.', the_side, other) END;
      details := format('From the phone %s, by dialling %s, until %s (%s).%s',
        masking.said_phone(r.caller), coalesce(r.proxy::text, 'any number of ours'), masking.said_time(upper(r.live)),
        coalesce(r.ended, 'the longest life of an order that nobody completes'),
        CASE WHEN r.blocked THEN format(' Calls of the %s are answered with a sentence.', the_side)
          ELSE format(' The phone %s rings.', masking.said_phone(r.callee)) END);
      RETURN NEXT;
    END LOOP;
    CONTINUE WHEN found_one;
    is_open := false;
    words := format('The %s cannot call the %s.', the_side, other);
    SELECT * INTO r FROM masking.routes t
    WHERE t.order_id = wanted AND t.side = the_side
    ORDER BY t.closed, upper(t.live) DESC LIMIT 1;
    details := CASE
      WHEN o.cancelled_at IS NOT NULL THEN format('The order was cancelled at %s.', masking.said_time(o.cancelled_at))
      WHEN o.forgotten_at IS NOT NULL THEN format('Its phone numbers were forgotten at %s.', masking.said_time(o.forgotten_at))
      WHEN o.refused IS NOT NULL THEN format('A number was not taken: %s.', array_to_string(o.refused, '; '))
      WHEN o.unmasked_since IS NOT NULL THEN format('It waits for a proxy number since %s: %s.',
        masking.said_time(o.unmasked_since), coalesce(o.unmasked_reason, 'none was free'))
      WHEN o.order_id IS NOT NULL AND o.agent_number IS NULL AND r.order_id IS NOT NULL
        THEN format('The order has no agent now; the last one was cut off at %s.', masking.said_time(upper(r.live)))
      WHEN o.order_id IS NOT NULL AND o.agent_number IS NULL THEN 'No agent is assigned yet.'
      WHEN o.completed_at <= now() AND r.order_id IS NOT NULL THEN format('The order was completed at %s, and the grace of the %s ended at %s.',
        masking.said_time(o.completed_at), the_side, masking.said_time(upper(r.live)))
      WHEN o.completed_at <= now() THEN format('The order was completed at %s, before anybody could call.', masking.said_time(o.completed_at))
      WHEN r.order_id IS NOT NULL THEN format('It ended at %s: %s.', masking.said_time(upper(r.live)),
        coalesce(r.ended, 'the longest life of an order that nobody completes'))
      WHEN o.order_id IS NULL THEN 'No such order is there, and none of its routes.'
      ELSE 'It was never connected.'
    END || CASE WHEN coalesce(CASE the_side WHEN 'customer' THEN o.customer_code ELSE o.agent_code END, '') <> ''
      AND EXISTS (SELECT FROM masking.codes c WHERE c.order_id = wanted AND c.side = the_side AND c.live @> now())
      THEN format(' Whoever enters the code of the %s rings the %s all the same.', the_side, other) ELSE '' END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.explained_sides(text) IS
  'Who can call whom by an order now, until when, and why or why not; two digits of a number at most.';
