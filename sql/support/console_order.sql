CREATE OR REPLACE FUNCTION masking.order_state(o masking.orders, wanted text) RETURNS SETOF masking.finding
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Why nobody can call by an order now; no row: somebody can. Reads the order's routes by its key.
DECLARE
  r masking.routes;
BEGIN
  RETURN QUERY SELECT * FROM masking.order_found(o, now(), false);
  IF NOT FOUND THEN
    SELECT * INTO r FROM masking.routes t WHERE t.order_id = wanted ORDER BY t.closed, upper(t.live) DESC LIMIT 1;
    IF r.order_id IS NULL THEN
      RETURN NEXT ('never connected', wanted, NULL, NULL, NULL)::masking.finding;
    ELSIF NOT masking.is_live(r.live, r.closed) THEN
      RETURN NEXT masking.end_found(r);
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.order_state(masking.orders, text) IS 'Why nobody can call by an order now, by its row or its latest route.';

CREATE OR REPLACE FUNCTION masking.order_steps(wanted text) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What to do next about an order, for whoever was asked. Reads the order and its routes.
DECLARE
  o masking.orders;
  open record;
  dialled text;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = wanted;
  IF NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = wanted AND masking.is_live(r.live, r.closed)) THEN
    RETURN QUERY SELECT DISTINCT masking.next_step(f.reason) FROM masking.order_state(o, wanted) f;
  ELSE
    SELECT array_agg(DISTINCT r.side) AS sides INTO open
    FROM masking.routes r WHERE r.order_id = wanted AND masking.is_live(r.live, r.closed) AND NOT r.blocked;
    RETURN QUERY
    SELECT DISTINCT masking.next_step(f.reason)
    FROM masking.routes r CROSS JOIN LATERAL masking.block_found(r.side, r.callee) f
    WHERE r.order_id = wanted AND masking.is_live(r.live, r.closed) AND r.blocked;
    dialled := coalesce(o.proxy_number, 'a number of ours');
    IF o.unmasked_since IS NOT NULL AND o.proxy_number IS NULL THEN
      RETURN NEXT masking.next_step(o.unmasked_reason);
      SELECT r.proxy || ', as far as it still rings,' INTO dialled FROM masking.routes r
      WHERE r.order_id = wanted AND r.former AND masking.is_live(r.live, r.closed) ORDER BY lower(r.live) DESC LIMIT 1;
    END IF;
    IF open.sides IS NOT NULL THEN
      RETURN NEXT format('%s should dial %s from the phone of the order. Somebody calls from another phone? Ask Why with that number.',
        CASE WHEN cardinality(open.sides) = 2 THEN 'Both' ELSE 'The ' || open.sides[1] END, dialled);
    END IF;
    RETURN NEXT 'A call that is not on this page did not reach us: another number was dialled, or the number is no longer attached to the application at Plivo (see Pool).';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.order_steps(text) IS 'What to do next about an order, in sentences.';

CREATE OR REPLACE FUNCTION masking.texts_of_order(wanted text, at_most integer) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The latest texts about an order as rows. Reads messages by time, within the order's own.
DECLARE
  during record := masking.order_window(wanted);
BEGIN
  RETURN QUERY
  SELECT made.*
  FROM masking.messages m
  CROSS JOIN LATERAL (SELECT l.outcome, l.delivery FROM masking.message_log l WHERE l.message_uuid = m.message_uuid LIMIT 1) became
  LEFT JOIN masking.outcomes o ON o.kind = 'text' AND o.outcome = m.outcome
  CROSS JOIN LATERAL masking.line('row', CASE WHEN became.delivery ~ '^not' THEN 'warn' ELSE coalesce(o.tone, 'warn') END, '', '',
    masking.said_clock(m.received_at), coalesce(m.side, 'unknown'), coalesce(m.proxy::text, 'unusable'),
    became.outcome || coalesce('; ' || became.delivery, '')) made
  WHERE m.received_at BETWEEN during.begins AND during.ends AND m.order_ids @> ARRAY[wanted]
  ORDER BY m.received_at DESC
  LIMIT at_most;
END
$$;
COMMENT ON FUNCTION masking.texts_of_order(text, integer) IS 'The latest texts about an order, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_order(who text, wanted text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The page of one order: who can call whom, what happened, its calls and texts, what to do
-- next. Called by the console. Reads everything by the order's key and within the order's own time;
-- writes console_log.
DECLARE
  o masking.orders;
  many CONSTANT integer := 20;
  call record;
  has_calls boolean := false;
  has_texts boolean := false;
  text_line masking.console_line;
  state record;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = wanted;
  IF o.order_id IS NULL AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = wanted) THEN
    PERFORM masking.looked(who, 'order', NULL);
    RETURN NEXT masking.line('answer', 'warn', '', '', 'No order has that id.',
      'Ids are compared letter by letter. The order may also have been removed by retention.');
    RETURN NEXT masking.line('step', '', 'why', '', 'Only the caller''s number is known? Ask Why.');
    RETURN;
  END IF;
  PERFORM masking.looked(who, 'order', wanted);

  RETURN NEXT masking.line('fact', '', '', '', 'Order', wanted);
  SELECT string_agg(masking.said_reason_alone(f), ' ') AS words, bool_or(r.tone = 'bad') AS is_bad INTO state
  FROM masking.order_state(o, wanted) f LEFT JOIN masking.reasons r ON r.reason = f.reason;
  RETURN NEXT masking.line('fact', CASE WHEN state.is_bad THEN 'bad' ELSE '' END, '', '', 'State', coalesce(state.words, 'Open.'));
  RETURN NEXT masking.line('fact', '', CASE WHEN o.proxy_number IS NOT NULL THEN 'number' ELSE '' END, o.proxy_number, 'Proxy number',
    coalesce(o.proxy_number, CASE WHEN EXISTS (SELECT FROM masking.proxy_numbers) THEN 'none' ELSE 'any number of ours' END));
  RETURN NEXT masking.line('fact', '', '', '', 'Customer and agent', format('%s and %s',
    coalesce(masking.said_phone(masking.party(o, 'customer')), 'unknown'),
    coalesce(masking.said_phone(masking.party(o, 'agent')), 'nobody')));

  RETURN NEXT masking.line('section', '', '', '', 'Who can call whom now');
  RETURN QUERY
  SELECT made.*
  FROM masking.explained_sides(wanted) s
  CROSS JOIN LATERAL masking.line('answer', CASE WHEN s.is_open THEN 'good' ELSE 'bad' END, '', '', s.words, s.details) made;
  RETURN NEXT masking.line('section', '', '', '', 'What to do next');
  RETURN QUERY
  SELECT made.*
  FROM masking.order_steps(wanted) s
  CROSS JOIN LATERAL masking.line('step', '', '', '', s) made;

  RETURN NEXT masking.line('section', '', '', '', 'Calls');
  FOR call IN SELECT * FROM masking.calls_of_order(wanted, many) LOOP
    IF NOT has_calls THEN
      RETURN NEXT masking.call_columns();
      has_calls := true;
    END IF;
    RETURN NEXT masking.call_row(call.call_uuid);
  END LOOP;
  IF NOT has_calls THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None on record: nobody of this order called, or the calls did not reach us.');
  END IF;
  RETURN NEXT masking.line('text', '', 'calls_of', wanted, 'All calls about this order');
  RETURN NEXT masking.line('section', '', '', '', 'Texts');
  FOR text_line IN SELECT * FROM masking.texts_of_order(wanted, many) LOOP
    IF NOT has_texts THEN
      RETURN NEXT masking.line('columns', '', '', '', masking.said_zone('When'), 'Who wrote', 'Number', 'What became of it');
      has_texts := true;
    END IF;
    RETURN NEXT text_line;
  END LOOP;
  IF NOT has_texts THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None on record.');
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Its story');
  RETURN QUERY
  SELECT made.*
  FROM masking.order_story(wanted) s
  CROSS JOIN LATERAL masking.line('event', s.tone, '', '', masking.said_time(s.happened_at), s.words) made;

  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql',
    E'SELECT * FROM explain(:order);\nSELECT * FROM order_calls(:order) ORDER BY called_at DESC;');
  RETURN NEXT masking.line('sql', '', '', '', 'What would change it, in the order system',
    E'UPDATE orders SET agent_number = :phone WHERE order_id = :order; -- another agent\nUPDATE orders SET completed_at = NULL, cancelled_at = NULL WHERE order_id = :order; -- open again');
END
$$;
COMMENT ON FUNCTION masking.console_order(text, text) IS 'The console''s page of one order.';
GRANT EXECUTE ON FUNCTION masking.console_order(text, text) TO masking_console;
