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
  CROSS JOIN LATERAL masking.line('step', 'bad', CASE WHEN d.number = '' THEN '' ELSE 'number' END, d.number, d.words) made LIMIT 100;
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
    'number', x.number::text, x.number::text, masking.said_ago(x.began_at),
    CASE WHEN p.enabled THEN 'in use again' WHEN x.stopped THEN 'stopped' WHEN x.finished_at IS NULL THEN 'going on' ELSE 'finished ' || masking.said_ago(x.finished_at) END,
    x.moved::text, x.waiting::text, x.remaining::text) made
  ORDER BY x.began_at DESC LIMIT 50;
  RETURN NEXT masking.line('text', 'quiet', '', '',
    'Orders get another number; on the old one their people reach each other until it would have ended. Finished: nobody is left on it, and nobody waits.');
END
$$;
COMMENT ON FUNCTION masking.replacement_lines() IS 'How far numbers are replaced, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_pool(who text, on_number text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Are there enough numbers, and are they healthy? Called by the console. Reads the pool, its
-- status, and the latest calls of a day (20,000 at most).
DECLARE
  f record;
  since timestamptz;
  -- Asked once: it is the dearest part of the page.
  statuses CONSTANT masking.pool_status[] := (SELECT array_agg(s) FROM masking.pool_status s);
BEGIN
  IF NOT EXISTS (SELECT FROM masking.proxy_numbers) THEN
    RETURN NEXT masking.line('answer', 'quiet', '', '', 'The pool is empty.',
      'Whichever number of the Plivo account is dialled connects, and is shown to the other side. That suits one number; with several, put them into the pool.');
    RETURN NEXT masking.line('sql', '', '', '', 'How to fill it, as masking_owner', 'INSERT INTO proxy_numbers (number, prefix) VALUES (:number, '''');');
    RETURN;
  END IF;
  SELECT min(s.headroom) AS lowest INTO f FROM unnest(statuses) s WHERE s.prefix IS NOT NULL;
  RETURN NEXT CASE
    WHEN f.lowest < 0 THEN masking.line('answer', 'bad', '', '', format('The pool is short of %s numbers.', -f.lowest),
      'Cool-offs are cut short, and orders may have to wait. Rent numbers at Plivo, attach them to the application, and insert them.')
    WHEN f.lowest = 0 THEN masking.line('answer', 'warn', '', '', 'The pool is just large enough.', 'One busier customer or agent, and orders have to wait.')
    ELSE masking.line('answer', 'good', '', '', 'There are enough numbers.', format('%s more than any prefix needs now, at least.', f.lowest)) END;

  RETURN NEXT masking.line('section', '', '', '', 'Enough numbers?');
  RETURN NEXT masking.line('columns', '', '', '', 'Serves', 'Numbers', 'Needed', 'Headroom', 'Draining', 'Routes live', 'Orders that wait');
  RETURN QUERY
  SELECT made.*
  FROM unnest(statuses) s
  CROSS JOIN LATERAL masking.line('row', CASE WHEN s.headroom < 0 THEN 'bad' WHEN s.headroom = 0 THEN 'warn' ELSE 'good' END, '', '',
    CASE s.prefix WHEN '' THEN 'everyone' ELSE coalesce('+' || s.prefix, 'routes on any number') END,
    s.numbers::text, s.numbers_needed::text, s.headroom::text, s.draining::text, s.live_routes::text, s.waiting_orders::text) made
  ORDER BY s.headroom LIMIT 50;
  RETURN NEXT masking.line('text', 'quiet', '', '',
    'Needed: the most people one customer and one agent have to do with at once, cool-off included, less one. The number of orders does not count.');

  SELECT min(c.called_at) INTO since FROM masking.recent_calls('1 day', 20000) c;
  RETURN NEXT masking.line('section', '', '', '', 'Healthy numbers?');
  RETURN NEXT masking.line('columns', '', '', '', 'Number', 'Serves', 'State', 'Calls', 'Answered', 'Under 6 s', 'Last call');
  RETURN QUERY
  WITH n AS MATERIALIZED (
    SELECT c.proxy, count(*) AS calls, count(*) FILTER (WHERE c.answered) AS answered,
      count(*) FILTER (WHERE c.talk_seconds BETWEEN 1 AND 5) AS short, max(c.called_at) AS latest
    FROM masking.recent_calls('1 day', 20000) c GROUP BY c.proxy
  )
  SELECT made.*
  FROM masking.proxy_numbers p
  LEFT JOIN n ON n.proxy = p.e164
  CROSS JOIN LATERAL masking.line('row', CASE WHEN NOT p.enabled OR coalesce(n.calls, 0) = 0 THEN 'warn' ELSE 'good' END, 'number', p.number, p.number,
    CASE p.prefix WHEN '' THEN 'everyone' ELSE '+' || p.prefix END,
    CASE WHEN p.enabled THEN 'in use' WHEN masking.is_replaced(p.e164) THEN 'replaced' ELSE 'draining' END,
    coalesce(n.calls, 0)::text, coalesce(n.answered, 0)::text, coalesce(n.short, 0)::text, coalesce(masking.said_ago(n.latest), 'none')) made
  ORDER BY p.enabled DESC, coalesce(n.calls, 0), p.number LIMIT 200;
  RETURN NEXT masking.line('text', 'quiet', '', '', format(
    'Calls since %s. Many short calls on one number: people hang up on a caller they take for spam. No call on one number while others have many: it may be off the application at Plivo.',
    coalesce(masking.said_time(since), 'a day')));
  RETURN QUERY SELECT * FROM masking.replacement_lines();
  RETURN QUERY SELECT * FROM masking.drift_lines();
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql, as masking_owner', E'SELECT * FROM pool_status;\nSELECT * FROM proxy_numbers;\nSELECT * FROM replacements;\nSELECT * FROM pool_drift;');
  RETURN NEXT masking.line('sql', '', '', '', 'What would change it, as masking_owner',
    E'INSERT INTO proxy_numbers (number, prefix) VALUES (:number, '''');\nUPDATE proxy_numbers SET enabled = false WHERE number = :number;\nSELECT replace_number(:number);');
END
$$;
COMMENT ON FUNCTION masking.console_pool(text, text) IS 'The console''s page of the pool.';
GRANT EXECUTE ON FUNCTION masking.console_pool(text, text) TO masking_console;
