CREATE OR REPLACE FUNCTION masking.drift_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Where the pool and Plivo differ, as number-masking-plivo saw it. Reads plivo_connection, plivo_look, pool_drift.
DECLARE
  looked timestamptz := (SELECT l.looked_at FROM masking.plivo_look l LIMIT 1);
BEGIN
  RETURN NEXT masking.line('section', '', '', '', 'As Plivo has them?');
  IF NOT EXISTS (SELECT FROM masking.plivo_connection) THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'Nobody knows: number-masking-plivo has not connected this pool. Its connect does, and check compares then.');
    RETURN;
  ELSIF looked IS NULL THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'Nobody has compared yet: number-masking-plivo check does.');
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM masking.pool_drift) THEN
    RETURN NEXT masking.line('text', 'good', '', '', format('Nothing differed %s.', masking.said_ago(looked)));
    RETURN;
  END IF;
  RETURN QUERY SELECT made.* FROM masking.pool_drift d
  CROSS JOIN LATERAL masking.line('step', 'bad', CASE WHEN d.number = '' THEN '' ELSE 'pool_number' END, d.number, d.words) made LIMIT 100;
  RETURN NEXT masking.line('text', 'quiet', '', '', format('Compared %s by number-masking-plivo check; --fix takes what is lost out of the pool, and gives its orders other numbers.', masking.said_ago(looked)));
END
$$;
COMMENT ON FUNCTION masking.drift_lines() IS 'Where the pool and Plivo differ, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.replacement_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- How far numbers are replaced; nothing where none ever was. Reads replacements and proxy_numbers.
BEGIN
  IF NOT EXISTS (SELECT FROM masking.replacements) THEN
    RETURN;
  END IF;
  RETURN NEXT masking.line('section', '', '', '', 'Replaced numbers');
  RETURN NEXT masking.line('columns', '', '', '', 'Number', 'Since', 'State', 'Orders moved', 'Orders that wait', 'Orders left');
  RETURN QUERY
  SELECT made.* FROM masking.replacements x
  JOIN masking.proxy_numbers p ON p.e164 = x.number
  CROSS JOIN LATERAL masking.line('row',
    CASE WHEN p.enabled THEN 'good' WHEN x.stopped OR x.waiting > 0 THEN 'bad' WHEN x.finished_at IS NULL THEN 'warn' ELSE 'good' END,
    'pool_number', x.number::text, x.number::text, masking.said_ago(x.began_at),
    CASE WHEN p.enabled THEN 'in use again' WHEN x.stopped THEN 'stopped' WHEN x.finished_at IS NULL THEN 'going on' ELSE 'finished ' || masking.said_ago(x.finished_at) END,
    x.moved::text, x.waiting::text, x.remaining::text) made
  ORDER BY x.began_at DESC LIMIT 50;
  RETURN NEXT masking.line('text', 'quiet', '', '',
    'Orders get another number; on the old one their people reach each other until it would have ended. Finished: nobody is left on it, and nobody waits.');
END
$$;
COMMENT ON FUNCTION masking.replacement_lines() IS 'How far numbers are replaced, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.number_state(p masking.proxy_numbers) RETURNS TABLE (tone text, words text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Reads pool_drift, replacements.
  SELECT CASE WHEN d.is_lost THEN 'bad' WHEN p.enabled AND d.words IS NULL THEN 'good' ELSE 'warn' END,
    concat_ws('; ', CASE WHEN p.enabled THEN 'in use' WHEN masking.is_replaced(p.e164) THEN 'replaced' ELSE 'draining' END, d.words)
  FROM (
    SELECT string_agg(regexp_replace(l.words, '^[0-9]+ ', ''), '; ') AS words, bool_or(masking.does_not_ring(l.kind)) AS is_lost
    FROM masking.pool_drift l WHERE l.number = p.number) d
$$;
COMMENT ON FUNCTION masking.number_state(masking.proxy_numbers) IS
  'Whether a number of the pool is in use, and what differs at Plivo; bad: it does not ring here.';

CREATE OR REPLACE FUNCTION masking.number_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The numbers of the pool, those that are ill first. Reads the live routes, the latest calls of a day (20,000 at most),
-- last_calls, pool_drift.
DECLARE
  shown CONSTANT integer := 200;
  since timestamptz;
BEGIN
  SELECT min(c.called_at) INTO since FROM masking.recent_calls('1 day', 20000) c;
  RETURN NEXT masking.line('section', '', '', '', 'Healthy numbers?');
  RETURN NEXT masking.line('columns', '', '', '', 'Number', 'Serves', 'State', 'Live orders', 'Calls', 'Answered', 'Under 6 s', 'Last call or text');
  RETURN QUERY
  WITH c AS MATERIALIZED (
    SELECT r.proxy, count(*) AS calls, count(*) FILTER (WHERE r.class = 'answered') AS answered,
      count(*) FILTER (WHERE r.class = 'answered' AND r.talk_seconds < 6) AS short, max(r.called_at) AS latest
    FROM masking.recent_calls('1 day', 20000) r GROUP BY r.proxy
  ), o AS MATERIALIZED (
    SELECT r.proxy, count(DISTINCT r.order_id) AS orders FROM masking.live_routes() r GROUP BY r.proxy
  )
  SELECT made.*
  FROM masking.proxy_numbers p
  CROSS JOIN LATERAL masking.number_state(p) s
  LEFT JOIN c ON c.proxy = p.e164
  LEFT JOIN o ON o.proxy = p.e164
  LEFT JOIN masking.last_calls l ON l.number = p.e164
  CROSS JOIN LATERAL masking.line('row', CASE WHEN s.tone = 'good' AND coalesce(c.calls, 0) = 0 THEN 'warn' ELSE s.tone END, 'pool_number', p.number, p.number,
    CASE p.prefix WHEN '' THEN 'everyone' ELSE '+' || p.prefix END, s.words,
    coalesce(o.orders, 0)::text, coalesce(c.calls, 0)::text, coalesce(c.answered, 0)::text, coalesce(c.short, 0)::text,
    coalesce(masking.said_ago(greatest(c.latest, l.called_at)), 'never seen')) made
  ORDER BY s.tone <> 'bad', p.enabled DESC, coalesce(c.calls, 0), p.number LIMIT shown;
  RETURN NEXT masking.line('text', 'quiet', '', '', CASE WHEN n.more > 0 THEN format('And %s more, with more calls. ', n.more) ELSE '' END || format(
    'Calls, answered and short ones since %s. Many short calls on one number: people hang up on a caller they take for spam. No call on one number while others have many: it may be off the application at Plivo.',
    coalesce(masking.said_time(since), 'a day')))
  FROM (SELECT count(*) - shown AS more FROM masking.proxy_numbers) n;
END
$$;
COMMENT ON FUNCTION masking.number_lines() IS 'The numbers of the pool and how they are, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.one_number_lines(p masking.proxy_numbers) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- One number of the pool: how it is, which orders it concerns, what to do. Reads the live routes, pool_drift, last_calls,
-- and the latest calls of a day (20,000 at most).
DECLARE
  shown CONSTANT integer := 50;
  state CONSTANT record := masking.number_state(p);
  orders CONSTANT bigint := (SELECT count(*) FROM masking.live_orders_on(p.e164));
  calls record;
BEGIN
  SELECT count(*) AS calls, count(*) FILTER (WHERE c.class = 'answered') AS answered, max(c.called_at) AS latest
  INTO calls FROM masking.recent_calls('1 day', 20000) c WHERE c.proxy = p.e164;
  RETURN NEXT masking.line('answer', state.tone, '', '', masking.as_sentence(state.words),
    format('%s on it now.', masking.said_count(orders, 'order connects', 'orders connect')));
  RETURN NEXT masking.line('fact', '', '', '', 'Serves', CASE p.prefix WHEN '' THEN 'everyone' ELSE '+' || p.prefix END);
  RETURN NEXT masking.line('fact', '', 'number', p.number, 'Calls within a day', format('%s, %s answered', calls.calls, calls.answered));
  RETURN NEXT masking.line('fact', '', '', '', 'Last call or text', coalesce(
    masking.said_ago(greatest(calls.latest, (SELECT l.called_at FROM masking.last_calls l WHERE l.number = p.e164))), 'never seen'));

  IF state.tone = 'bad' OR NOT p.enabled THEN
    RETURN NEXT masking.line('section', '', '', '', 'What to do next');
  END IF;
  IF state.tone = 'bad' THEN
    RETURN NEXT masking.line('step', '', '', '', 'Attach it to the application at Plivo again, if it can be had: number-masking-plivo connect does.');
    RETURN NEXT masking.line('step', '', '', '', format('Else replace it: as masking_owner, SELECT replace_number(''%s''), or number-masking-plivo check --fix. Its orders get other numbers; the order system reads them in proxy_number, and has to show them.', p.number));
  ELSIF NOT p.enabled THEN
    RETURN NEXT masking.line('step', '', '', '', CASE WHEN masking.is_replaced(p.e164) THEN 'Nothing: its orders get other numbers. Does it ring again? Enable it.'
      ELSE 'Nothing: its orders end on it, and it gets no new ones. Does it not ring any more? Replace it: SELECT replace_number().' END);
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Orders that connect on it');
  IF orders = 0 THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None.');
  ELSE
    RETURN NEXT masking.line('columns', '', '', '', 'Order', masking.said_zone('Until'), 'Its number');
    RETURN QUERY
    SELECT made.*
    FROM (SELECT * FROM masking.live_orders_on(p.e164) f ORDER BY f.connects_until DESC, f.order_id LIMIT shown) o
    CROSS JOIN LATERAL masking.line('row', '', 'order', o.order_id, o.order_id, masking.said_clock(o.connects_until),
      CASE WHEN o.is_former THEN 'another by now, beside this one' ELSE 'this one' END) made
    ORDER BY o.connects_until DESC, o.order_id;
    IF orders > shown THEN
      RETURN NEXT masking.line('text', 'quiet', '', '', format('And %s more.', orders - shown));
    END IF;
  END IF;
  RETURN NEXT masking.line('text', '', 'number', p.number, 'Its latest calls');
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql', 'SELECT * FROM orders_on_number(:number);');
  RETURN NEXT masking.line('sql', '', '', '', 'What would change it, as masking_owner', E'SELECT replace_number(:number);\nUPDATE proxy_numbers SET enabled = false WHERE number = :number;');
END
$$;
COMMENT ON FUNCTION masking.one_number_lines(masking.proxy_numbers) IS 'One number of the pool, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.pool_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Are there enough numbers? Reads pool_status.
DECLARE
  lowest bigint;
  -- Asked once: it is the dearest part of the page.
  statuses CONSTANT masking.pool_status[] := (SELECT array_agg(s) FROM masking.pool_status s);
BEGIN
  SELECT min(s.headroom) INTO lowest FROM unnest(statuses) s WHERE s.prefix IS NOT NULL;
  RETURN NEXT CASE
    WHEN lowest < 0 THEN masking.line('answer', 'bad', '', '', format('The pool is short of %s.', masking.said_count(-lowest, 'number')),
      'Cool-offs are cut short, and orders may have to wait. Rent numbers at Plivo, attach them to the application, and insert them.')
    WHEN lowest = 0 THEN masking.line('answer', 'warn', '', '', 'The pool is just large enough.', 'One busier customer or agent, and orders have to wait.')
    ELSE masking.line('answer', 'good', '', '', 'There are enough numbers.', format('%s more than any prefix needs now, at least.', lowest)) END;

  RETURN NEXT masking.line('section', '', '', '', 'Enough numbers?');
  RETURN NEXT masking.line('columns', '', '', '', 'Serves', 'Numbers', 'Needed', 'Headroom', 'Draining', 'Routes live', 'Orders that wait');
  RETURN QUERY
  SELECT made.*
  FROM unnest(statuses) s
  CROSS JOIN LATERAL masking.line('row', CASE WHEN s.headroom < 0 THEN 'bad' WHEN s.headroom = 0 THEN 'warn' ELSE 'good' END, '', '',
    CASE s.prefix WHEN '' THEN 'everyone' ELSE coalesce('+' || s.prefix, 'routes on any number') END,
    s.numbers::text, s.numbers_needed::text, s.headroom::text, s.draining::text, s.live_routes::text, s.waiting_orders::text) made
  ORDER BY s.headroom LIMIT 50;
  RETURN NEXT masking.line('text', 'quiet', '', '', CASE WHEN cardinality(statuses) > 50 THEN format('And %s more, with more headroom. ', cardinality(statuses) - 50) ELSE '' END
    || 'Needed: the most people one customer and one agent have to do with at once, cool-off included, less one. The number of orders does not count.');
END
$$;
COMMENT ON FUNCTION masking.pool_lines() IS 'Whether there are enough numbers, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_pool(who text, on_number text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Are there enough numbers, and are they healthy? With a number of the pool: what of that one, and which orders does it
-- concern? Called by the console. Reads the pool, its status, the live routes, and the latest calls of a day.
DECLARE
  p masking.proxy_numbers;
BEGIN
  IF on_number IS NOT NULL THEN
    SELECT n.* INTO p FROM masking.proxy_numbers n WHERE n.number = regexp_replace(on_number, '[^0-9]', '', 'g');
  END IF;
  RETURN NEXT masking.page_head(p.number);
  IF p.number IS NOT NULL THEN
    RETURN QUERY SELECT * FROM masking.one_number_lines(p);
    RETURN;
  END IF;
  IF on_number IS NOT NULL THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', 'That number is not in the pool.', 'These are.');
  END IF;
  IF NOT EXISTS (SELECT FROM masking.proxy_numbers) THEN
    RETURN NEXT masking.line('answer', 'quiet', '', '', 'The pool is empty.',
      'Whichever number of the Plivo account is dialled connects, and is shown to the other side. That suits one number; with several, put them into the pool.');
    RETURN NEXT masking.line('sql', '', '', '', 'How to fill it, as masking_owner', 'INSERT INTO proxy_numbers (number, prefix) VALUES (:number, '''');');
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM masking.pool_lines();
  RETURN QUERY SELECT * FROM masking.number_lines();
  RETURN QUERY SELECT * FROM masking.replacement_lines();
  RETURN QUERY SELECT * FROM masking.drift_lines();
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql, as masking_owner', E'SELECT * FROM pool_status;\nSELECT * FROM proxy_numbers;\nSELECT * FROM replacements;\nSELECT * FROM pool_drift;');
  RETURN NEXT masking.line('sql', '', '', '', 'What would change it, as masking_owner',
    E'INSERT INTO proxy_numbers (number, prefix) VALUES (:number, '''');\nUPDATE proxy_numbers SET enabled = false WHERE number = :number;\nSELECT replace_number(:number);');
END
$$;
COMMENT ON FUNCTION masking.console_pool(text, text) IS 'The console''s page of the pool, or of one number of it.';
GRANT EXECUTE ON FUNCTION masking.console_pool(text, text) TO masking_console;
