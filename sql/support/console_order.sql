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

CREATE OR REPLACE FUNCTION masking.order_troubles(calls text[], wanted text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What failed last, and why: of these calls, which are the order's and its people's, and of its texts. Reads calls by
-- their keys, and messages within the order's time.
DECLARE
  around record := masking.order_window(wanted);
  f masking.call_life;
  l masking.call_log;
  t masking.message_log;
  answered_since timestamptz;
BEGIN
  SELECT * INTO f FROM masking.call_life c
  WHERE c.call_uuid = ANY (calls) AND c.class NOT IN ('answered', 'open') ORDER BY c.called_at DESC, c.call_uuid DESC LIMIT 1;
  IF f.call_uuid IS NOT NULL THEN
    SELECT * INTO l FROM masking.call_log c WHERE c.call_uuid = f.call_uuid LIMIT 1;
    SELECT min(c.called_at) INTO answered_since FROM masking.call_life c
    WHERE c.call_uuid = ANY (calls) AND c.class = 'answered' AND c.called_at > f.called_at AND c.order_ids @> ARRAY[wanted];
    RETURN NEXT masking.line('answer', CASE WHEN answered_since IS NOT NULL THEN 'quiet' ELSE masking.class_tone(f.class) END, 'call', f.call_uuid,
      format('The last call that failed: %s.', masking.call_words(l)),
      format('At %s, by %s%s.%s%s', masking.said_time(f.called_at),
        CASE WHEN f.placed THEN 'us, as it was asked for' WHEN f.side IS NOT NULL THEN 'the ' || f.side ELSE 'a phone of this order' END,
        CASE WHEN f.class IN ('turned_away', 'apologised') THEN '; nobody was rung' ELSE '' END,
        CASE WHEN f.order_ids IS NULL THEN ' It led to no order.' WHEN NOT f.order_ids @> ARRAY[wanted] THEN ' It was about another order.' ELSE '' END,
        CASE WHEN answered_since IS NOT NULL THEN format(' A call was answered since, at %s.', masking.said_time(answered_since)) ELSE '' END));
  END IF;
  SELECT g.* INTO t
  FROM masking.messages m CROSS JOIN LATERAL (SELECT * FROM masking.message_log k WHERE k.message_uuid = m.message_uuid AND k.order_id = wanted) g
  WHERE m.received_at BETWEEN around.begins AND around.ends AND m.order_ids @> ARRAY[wanted] AND g.delivery ~ '^not delivered'
  ORDER BY m.received_at DESC LIMIT 1;
  IF t.message_uuid IS NOT NULL THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', format('A text was %s.', t.delivery),
      format('Written by the %s, at %s.', t.writer, masking.said_time(t.received_at)));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.order_troubles(text[], text) IS 'What failed last about an order, and why, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.call_table(calls text[], many integer, heading text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- So many of these calls, as they are sorted, under a heading; nothing where there are none. One more than many says
-- that there are more.
BEGIN
  IF cardinality(calls) > 0 THEN
    RETURN NEXT masking.line('section', '', '', '', heading || CASE WHEN cardinality(calls) > many THEN format(', the latest %s', many) ELSE '' END);
    RETURN NEXT masking.call_columns();
    RETURN QUERY SELECT made.* FROM unnest(calls[1:many]) WITH ORDINALITY AS c (id, place) CROSS JOIN LATERAL masking.call_row(c.id) made ORDER BY c.place;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.call_table(text[], integer, text) IS 'Calls as a section of a page.';

CREATE OR REPLACE FUNCTION masking.console_order(who text, wanted text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The page of one order: what failed last, who can call whom, what to do next, its calls and texts, what else happened on
-- its number, who looked at it, its story. Called by the console. Reads everything by the order's key and within
-- the order's own time; writes console_log.
DECLARE
  o masking.orders;
  many CONSTANT integer := 20;
  own text[];
  others text[];
  strange record;
  one record;
  text_line masking.console_line;
  has_some boolean := false;
  state record;
  lost text;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = wanted;
  IF o.order_id IS NULL AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = wanted) THEN
    PERFORM masking.looked(who, 'order', NULL);
    RETURN NEXT masking.page_head(NULL);
    RETURN NEXT masking.line('form', '', '', '', '');
    RETURN NEXT masking.line('answer', 'warn', '', '', 'No order has that id.',
      'Ids are compared letter by letter. The order may also have been removed by retention.');
    RETURN NEXT masking.line('step', '', 'why', '', 'Only the caller''s number is known? Ask Why.');
    RETURN;
  END IF;
  PERFORM masking.looked(who, 'order', wanted);
  RETURN NEXT masking.page_head(wanted);
  RETURN NEXT masking.line('form', '', '', '', '');

  SELECT string_agg(masking.said_reason_alone(f), ' ') AS words, bool_or(r.tone = 'bad') AS is_bad INTO state
  FROM masking.order_state(o, wanted) f LEFT JOIN masking.reasons r ON r.reason = f.reason;
  RETURN NEXT masking.line('fact', CASE WHEN state.is_bad THEN 'bad' ELSE '' END, '', '', 'State', coalesce(state.words, 'Open.'));
  SELECT d.words INTO lost FROM masking.pool_drift d WHERE d.number = o.proxy_number AND masking.does_not_ring(d.kind) LIMIT 1;
  RETURN NEXT masking.line('fact', CASE WHEN lost IS NOT NULL THEN 'bad' ELSE '' END, CASE WHEN o.proxy_number IS NOT NULL THEN 'pool_number' ELSE '' END, o.proxy_number, 'Proxy number',
    coalesce(lost, o.proxy_number, CASE WHEN EXISTS (SELECT FROM masking.proxy_numbers) THEN 'none' ELSE 'any number of ours' END));
  RETURN NEXT masking.line('fact', '', '', '', 'Customer and agent', format('%s and %s',
    coalesce(masking.said_phone(masking.party(o, 'customer')), 'unknown'),
    coalesce(masking.said_phone(masking.party(o, 'agent')), 'nobody')));

  SELECT array_agg(c.call_uuid) FILTER (WHERE c.is_own), array_agg(c.call_uuid) FILTER (WHERE NOT c.is_own) INTO own, others
  FROM masking.calls_of_order(wanted, many + 1) c;
  RETURN QUERY SELECT * FROM masking.order_troubles(own || others, wanted);
  RETURN NEXT masking.line('section', '', '', '', 'Who can call whom now');
  RETURN QUERY
  SELECT made.*
  FROM (SELECT DISTINCT r.proxy FROM masking.routes r WHERE r.order_id = wanted AND masking.is_live(r.live, r.closed)) n
  JOIN masking.proxy_numbers p ON p.e164 = n.proxy
  CROSS JOIN LATERAL masking.number_state(p) t
  CROSS JOIN LATERAL masking.line('answer', 'bad', 'pool_number', p.number, format('The number %s does not ring here: %s.', p.number, t.words),
    'Whoever dials it does not reach us, whatever stands below. Tell operations.') made
  WHERE t.tone = 'bad';
  RETURN QUERY
  SELECT made.*
  FROM masking.explained_sides(wanted) s
  CROSS JOIN LATERAL masking.line('answer', s.tone, '', '', s.words, s.details) made;
  FOR one IN SELECT * FROM masking.blocks_of_order(wanted) LOOP
    IF NOT has_some THEN
      RETURN NEXT masking.line('section', '', '', '', 'Blocked');
      RETURN NEXT masking.line('columns', '', '', '', 'What is blocked', 'Why', masking.said_zone('Since'), 'By whom');
      has_some := true;
    END IF;
    RETURN NEXT masking.line('row', 'warn', '', '', one.blocked, coalesce(nullif(one.reason, ''), 'no reason was given'), masking.said_clock(one.blocked_at), coalesce(one.who, 'not on record'));
  END LOOP;
  RETURN NEXT masking.line('section', '', '', '', 'What to do next');
  RETURN QUERY
  SELECT made.*
  FROM masking.order_steps(wanted) s
  CROSS JOIN LATERAL masking.line('step', '', '', '', s) made;

  RETURN QUERY SELECT * FROM masking.call_table(own, many, 'Calls about this order');
  IF own IS NULL THEN
    RETURN NEXT masking.line('section', '', '', '', 'Calls about this order');
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None on record: nobody of this order called, or the calls did not reach us.');
  ELSIF cardinality(own) > many THEN
    RETURN NEXT masking.line('text', '', 'calls_of', wanted, 'All calls about this order');
  END IF;
  RETURN QUERY SELECT * FROM masking.call_table(others, many, 'Other calls of its people, while they could call by it');
  SELECT array_agg(s.call_uuid ORDER BY s.called_at DESC) AS calls, count(*) FILTER (WHERE s.outcome = 'apologised') AS apologies,
    min(s.called_at) FILTER (WHERE s.outcome = 'apologised') AS since, max(s.called_at) FILTER (WHERE s.outcome = 'apologised') AS until INTO strange
  FROM masking.strangers_of_order(wanted, many + 1) s;
  RETURN QUERY SELECT * FROM masking.call_table(strange.calls, many, 'Apologies and strangers on its number, in its time');
  IF strange.apologies > 0 THEN
    RETURN NEXT masking.line('text', 'bad', '', '', format('The database was away from %s to %s: who heard the apology then is not known, so it may have been somebody of this order.',
      masking.said_time(strange.since), masking.said_time(strange.until)));
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Texts');
  has_some := false;
  FOR text_line IN SELECT * FROM masking.texts_of_order(wanted, many) LOOP
    IF NOT has_some THEN
      RETURN NEXT masking.line('columns', '', '', '', masking.said_zone('When'), 'Who wrote', 'Number', 'What became of it');
      has_some := true;
    END IF;
    RETURN NEXT text_line;
  END LOOP;
  IF NOT has_some THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None on record.');
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Its story');
  RETURN QUERY
  SELECT made.*
  FROM masking.order_story(wanted) s
  CROSS JOIN LATERAL masking.line('event', s.tone, '', '', masking.said_time(s.happened_at), s.words) made;

  RETURN NEXT masking.line('section', '', '', '', 'Who looked at it');
  RETURN NEXT masking.line('columns', '', '', '', 'Who', 'At what', 'How often', masking.said_zone('Last'));
  RETURN QUERY
  SELECT made.*
  FROM (SELECT * FROM masking.looks_at_order(wanted) LIMIT many) l
  CROSS JOIN LATERAL masking.line('row', '', '', '', l.who, l.looked_at, l.times::text, masking.said_clock(l.last_at)) made;
  RETURN NEXT masking.line('text', 'quiet', '', '',
    'Whoever looks sees two digits of a phone at most, here and in SQL. Looks by a phone''s number (Why) are on record by these two digits, not by order. Whole numbers are known to the order system and to the owner of the database.');

  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql',
    E'SELECT * FROM explain(:order);\nSELECT * FROM order_calls(:order) ORDER BY called_at DESC;\nSELECT * FROM blocks_of_order(:order);\nSELECT * FROM looks_at_order(:order);');
  RETURN NEXT masking.line('sql', '', '', '', 'What would change it, in the order system',
    E'UPDATE orders SET agent_number = :phone WHERE order_id = :order; -- another agent\nUPDATE orders SET completed_at = NULL, cancelled_at = NULL WHERE order_id = :order; -- open again');
END
$$;
COMMENT ON FUNCTION masking.console_order(text, text) IS 'The console''s page of one order.';
GRANT EXECUTE ON FUNCTION masking.console_order(text, text) TO masking_console;
