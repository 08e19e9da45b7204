CREATE OR REPLACE FUNCTION masking.explained_sides(wanted text)
RETURNS TABLE (side text, tone text, words text, details text)
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
  findings masking.finding[];
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = wanted;
  FOREACH the_side IN ARRAY ARRAY['customer', 'agent'] LOOP
    other := masking.other(the_side);
    found_one := false;
    side := the_side;
    FOR r IN
      SELECT * FROM masking.routes t
      WHERE t.order_id = wanted AND t.side = the_side AND masking.is_live(t.live, t.closed)
      ORDER BY t.former, upper(t.live) DESC
    LOOP
      found_one := true;
      tone := CASE WHEN r.blocked THEN 'bad' ELSE 'good' END;
      words := format(CASE WHEN r.blocked THEN 'The %s may not call the %s.' ELSE 'The %s reaches the %s.' END, the_side, other);
      details := CASE WHEN r.blocked THEN masking.said_reason_alone(masking.block_found(the_side, r.callee)) || ' ' ELSE '' END
        || format('From the phone %s, by dialling %s%s, until %s (%s).%s',
        masking.said_phone(r.caller), coalesce(r.proxy::text, 'any number of ours'),
        CASE WHEN r.former AND o.proxy_number IS NULL THEN ' (the order''s number until that was replaced; it waits for another one)'
          WHEN r.former THEN ' (the order''s number until that was replaced)' ELSE '' END, masking.said_time(upper(r.live)),
        coalesce(r.ended, 'end of its longest life'),
        CASE WHEN r.blocked THEN format(' Calls of the %s are answered with a sentence.', the_side)
          ELSE format(' The phone %s rings.', masking.said_phone(r.callee)) END);
      RETURN NEXT;
    END LOOP;
    CONTINUE WHEN found_one;
    words := format('The %s cannot call the %s.', the_side, other);
    SELECT * INTO r FROM masking.routes t
    WHERE t.order_id = wanted AND t.side = the_side
    ORDER BY t.closed, upper(t.live) DESC LIMIT 1;
    findings := ARRAY(SELECT f FROM masking.order_found(o, now(), r.order_id IS NOT NULL) f WHERE f.reason <> 'no agent now' OR r.order_id IS NULL);
    IF findings = '{}' THEN
      findings := ARRAY[CASE WHEN r.order_id IS NOT NULL THEN masking.end_found(r) ELSE ('never connected', NULL, NULL, NULL, NULL)::masking.finding END];
    END IF;
    -- An order that is over, as somebody wanted, is no alarm.
    SELECT string_agg(masking.said_reason_alone(f), ' '),
      CASE WHEN bool_or(k.tone = 'bad') THEN 'bad' WHEN bool_and(k.tone = 'quiet') THEN 'quiet' ELSE 'warn' END
    INTO details, tone
    FROM unnest(findings) f LEFT JOIN masking.reasons k ON k.reason = f.reason;
    details := details
      || CASE WHEN coalesce(CASE the_side WHEN 'customer' THEN o.customer_code ELSE o.agent_code END, '') <> ''
      AND EXISTS (SELECT FROM masking.codes c WHERE c.order_id = wanted AND c.side = the_side AND masking.is_live(c.live, c.closed))
      THEN format(' Whoever enters the code of the %s rings the %s all the same.', the_side, other) ELSE '' END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.explained_sides(text) IS
  'Who can call whom by an order now, until when, and why or why not, with a tone; two digits of a number at most.';
