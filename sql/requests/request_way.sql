CREATE OR REPLACE FUNCTION masking.request_shows(o masking.orders) RETURNS bigint
LANGUAGE sql STABLE
AS $$
  -- (The last is for orders of a time when the pool was empty: their people reach each other on any.)
  SELECT coalesce(masking.number_of(o.proxy_number), masking.number_of(nullif(masking.setting_word('request_number'), 'none')),
    (SELECT min(n.e164) FROM masking.proxy_numbers n WHERE n.enabled AND o.masking = 'any number'))
$$;
COMMENT ON FUNCTION masking.request_shows(masking.orders) IS
  'The number that both see on a call that we place about an order: its own, else that of the setting request_number, else, where it may be any, one of the pool; NULL: none.';

CREATE OR REPLACE FUNCTION masking.request_way(r masking.requests, rung bigint, shows bigint,
  OUT outcome text, OUT callee bigint, OUT dials bigint, OUT route_id bigint, OUT order_ids text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- May the phone that was rung be connected with the other side of the order now? It is asked what a call of that
-- phone would be asked: so it must still be a phone of that side, as it is no more when the agent was swapped.
-- outcome, as in outcomes (call):
--   connected      callee is whom it reaches, dials how he is dialled
--   blocked        that side may not call the other, or its own phone may not be rung
--   order_waiting  nobody is there yet, or no number is free
--   order_over     this phone calls nobody by this order any more
--   reads  routes (by caller), orders (by key), dial_prefixes
--   who    request_written, request_take, answer_requests
#variable_conflict use_column
BEGIN
  SELECT w.callee, w.dials, w.route_id, w.order_ids, CASE WHEN w.blocked OR NOT masking.may_dial(rung) THEN 'blocked' ELSE 'connected' END
  INTO callee, dials, route_id, order_ids, outcome
  FROM masking.reached(masking.person(rung), shows) w
  WHERE EXISTS (
    SELECT FROM masking.routes k
    WHERE k.order_id = r.order_id AND k.side = r.side AND k.caller = masking.person(rung) AND masking.is_live(k.live, k.closed)
      AND (k.proxy = shows OR k.proxy IS NULL));
  IF outcome IS NULL THEN
    outcome := CASE WHEN EXISTS (
      SELECT FROM masking.orders o
      WHERE o.order_id = r.order_id AND masking.is_open(o, now())
        AND (o.unmasked_since IS NOT NULL OR num_nulls(o.customer_number, o.agent_number) > 0)) THEN 'order_waiting' ELSE 'order_over' END;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.request_way(masking.requests, bigint, bigint) IS
  'Whether a phone that is rung for a request reaches the other side, while both see that number, or why not.';

CREATE OR REPLACE FUNCTION masking.request_obstacle(o masking.orders, r masking.requests, way record) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- For an error: two digits of a number at most.
DECLARE
  words text;
BEGIN
  IF way.outcome = 'blocked' THEN
    RETURN masking.said_reason(CASE WHEN masking.may_dial(r.first) THEN masking.block_found(r.side, way.callee)
      ELSE masking.block_found(masking.other(r.side), r.first) END);
  END IF;
  SELECT string_agg(masking.said_reason((f.reason, NULL, f.since, f.side, f.digits)), '; ') INTO words
  FROM masking.order_state(o, r.order_id) f;
  RETURN coalesce(words, format('that phone of the %s reaches nobody by this order', r.side));
END
$$;
COMMENT ON FUNCTION masking.request_obstacle(masking.orders, masking.requests, record) IS
  'Why request_way() does not connect the phone that a request has rung, as people read it.';
