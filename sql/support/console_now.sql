CREATE OR REPLACE FUNCTION masking.said_classes(counts bigint[]) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- In the order of class_names(), what there is of each.
  SELECT coalesce(string_agg(format('%s %s', c.calls, masking.said_class(n.class)), ', ' ORDER BY n.place), 'none')
  FROM unnest(counts) WITH ORDINALITY AS c (calls, place)
  JOIN unnest(masking.class_names()) WITH ORDINALITY AS n (class, place) USING (place)
  WHERE c.calls > 0
$$;
COMMENT ON FUNCTION masking.said_classes(bigint[]) IS 'How many calls of each class, as ''5 answered, 2 rung, not taken''.';

CREATE OR REPLACE FUNCTION masking.classes_since(since timestamptz, at_most integer, OUT calls bigint, OUT by_class bigint[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Reads the latest calls by time.
  SELECT coalesce(sum(n.calls), 0)::bigint, array_agg(n.calls ORDER BY n.place)
  FROM (
    SELECT c.place, count(l.call_uuid) AS calls
    FROM unnest(masking.class_names()) WITH ORDINALITY AS c (class, place)
    LEFT JOIN masking.recent_calls(now() - since, at_most) l ON l.class = c.class
    GROUP BY c.place) n
$$;
COMMENT ON FUNCTION masking.classes_since(timestamptz, integer) IS 'How many calls came since then, and how many of each class.';

CREATE OR REPLACE FUNCTION masking.refused_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Webhooks refused for their signature within the hour. Reads refused_signatures, and the latest call and text.
DECLARE
  last_one CONSTANT timestamptz := masking.last_webhook();
  advice CONSTANT text := 'PUBLIC_URL is not what Plivo dials, or the token is not that of the number''s account. The servers'' logs say which URL was expected (event=signature_refused).';
  f record;
BEGIN
  -- (Plivo signs always: without a signature it is a stranger.)
  SELECT coalesce(sum(r.refused), 0)::bigint AS refused, coalesce(sum(r.refused) FILTER (WHERE r.minute > now() - interval '6 minutes'), 0)::bigint AS lately,
    min(r.minute) AS since, max(r.minute) + interval '1 minute' AS until
  INTO f FROM masking.refused_signatures r WHERE masking.is_recent(r.minute, interval '1 hour') AND r.reason <> 'missing';
  IF f.lately > 0 AND coalesce(last_one < now() - interval '5 minutes', true) THEN
    RETURN NEXT masking.line('answer', 'bad', '', '', format('Every webhook is refused for its signature: %s within an hour, and none was accepted in the last 5 minutes.', f.refused), advice);
  ELSIF f.refused > 0 THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', format('%s were refused for their signature, from %s to %s.', masking.said_count(f.refused, 'webhook'), to_char(f.since, 'HH24:MI'), to_char(f.until, 'HH24:MI')),
      CASE WHEN last_one > f.until THEN format('Others are accepted, the last %s. ', masking.said_ago(last_one)) ELSE '' END || advice);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.refused_lines() IS 'Webhooks refused for their signature, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.apology_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Apologies within the hour: how many, from when to when, and what came after. Reads the latest calls by time.
DECLARE
  why CONSTANT text := 'The servers did not get an answer from the database in time. Their logs say when (event=database_lost).';
  f record;
  since record;
BEGIN
  SELECT count(*) AS apologies, min(c.called_at) AS first_at, max(c.called_at) AS last_at
  INTO f FROM masking.recent_calls('1 hour', 20000) c WHERE c.class = 'apologised';
  IF f.apologies = 0 THEN
    RETURN;
  END IF;
  SELECT * INTO since FROM masking.classes_since(f.last_at, 20000);
  RETURN NEXT masking.line('answer', CASE WHEN f.last_at > now() - interval '5 minutes' THEN 'bad' ELSE 'warn' END, 'outcome', 'apologised',
    CASE WHEN f.apologies = 1 THEN format('1 caller heard an apology, at %s.', to_char(f.first_at, 'HH24:MI:SS'))
      ELSE format('%s callers heard an apology, from %s to %s.', f.apologies, to_char(f.first_at, 'HH24:MI:SS'), to_char(f.last_at, 'HH24:MI:SS')) END,
    CASE WHEN since.calls > 0 THEN format('Since then: %s. ', masking.said_classes(since.by_class)) ELSE 'No call since then. ' END || why);
END
$$;
COMMENT ON FUNCTION masking.apology_lines() IS 'Who heard an apology within the hour, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.said_code(code text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN code IS NULL THEN 'numbers not known any more' ELSE concat_ws(' ', '+' || code, '(' || masking.country_name(code) || ')') END
$$;
COMMENT ON FUNCTION masking.said_code(text) IS 'A calling code as people are told it: +34 (Spain).';

CREATE OR REPLACE FUNCTION masking.dial_lines(countries masking.dial_countries[]) RETURNS SETOF masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT masking.line('answer', CASE WHEN d.last_failed_at > now() - interval '1 hour' THEN 'bad' ELSE 'warn' END, CASE WHEN d.code IS NULL THEN 'outcome' ELSE 'prefix' END,
    coalesce(d.code, 'not_put_through'),
    format('%s of %s calls to %s could not be put through %s.', d.failed, d.dialled, masking.said_code(d.code),
      CASE WHEN d.since_before THEN 'from ' || masking.said_moment(d.failing_since) || ' on, or since longer' ELSE 'since ' || masking.said_moment(d.failing_since) END),
    masking.as_sentence(c.cause))
  FROM unnest(countries) d
  CROSS JOIN LATERAL coalesce(masking.said_cause(d.cause), 'Plivo did not say why') AS c (cause)
  WHERE d.failing_since IS NOT NULL
  ORDER BY d.failed DESC
  LIMIT 5
$$;
COMMENT ON FUNCTION masking.dial_lines(masking.dial_countries[]) IS 'Countries of which at least half of the latest calls could not be put through, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.lost_number_lines() RETURNS SETOF masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT masking.line('answer', 'bad', 'pool_number', d.number, format('%s: %s on it.', d.words, masking.said_count(d.orders, 'order connects', 'orders connect')),
    'Their people dial a number that does not ring here. Attach it again at Plivo, or replace it: number-masking-plivo check --fix, or, as masking_owner, SELECT replace_number(''' || d.number || ''').')
  FROM (
    SELECT l.number, l.words, (SELECT count(DISTINCT r.order_id) FROM masking.live_routes() r WHERE r.proxy = l.number::bigint) AS orders
    FROM masking.pool_drift l WHERE masking.does_not_ring(l.kind) LIMIT 20) d
  WHERE d.orders > 0
  ORDER BY d.orders DESC, d.number
  LIMIT 5
$$;
COMMENT ON FUNCTION masking.lost_number_lines() IS 'Numbers of ours that Plivo took away while orders are open on them, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.lately_line() RETURNS masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- How the last 15 minutes went, where nothing is known to be wrong. Reads the latest calls by time.
DECLARE
  lately record := masking.classes_since(now() - interval '15 minutes', 2000);
  words text := format('Of %s of the last 15 minutes: %s.', masking.said_count(lately.calls, 'call'), masking.said_classes(lately.by_class));
  answered bigint := lately.by_class[1];
  still_open bigint := lately.by_class[array_position(masking.class_names(), 'open')];
  last_one timestamptz := masking.last_webhook();
BEGIN
  RETURN CASE
    WHEN answered > 0 THEN masking.line('answer', 'good', 'calls', '', 'Calls get through.', words)
    WHEN still_open > 0 THEN masking.line('answer', 'quiet', 'calls', '', 'Phones are rung; what became of it is not told yet.', words)
    WHEN lately.calls > 0 THEN masking.line('answer', 'warn', 'calls', '', 'Calls come, but none of them was answered.', words)
    WHEN masking.somebody_could_call() THEN masking.line('answer', 'warn', 'pool', '', 'No call in the last 15 minutes, though there are orders whose people could call.',
      CASE WHEN last_one IS NULL THEN 'None has ever come: are the numbers attached to the application at Plivo, and does its URL lead here?'
        ELSE format('The last call or text came %s. If that is unusual: are the numbers still attached to the application at Plivo?', masking.said_ago(last_one)) END)
    ELSE masking.line('answer', 'quiet', '', '', 'No call in the last 15 minutes, and no order whose people could call.', 'Nothing is wrong with that.')
  END;
END
$$;
COMMENT ON FUNCTION masking.lately_line() IS 'How the last 15 minutes went, in a sentence.';

CREATE OR REPLACE FUNCTION masking.now_verdict(countries masking.dial_countries[]) RETURNS SETOF masking.console_line
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Do calls get through? What is known to be wrong, the worst first; else how the last minutes went.
DECLARE
  l masking.console_line;
  has_said boolean := false;
BEGIN
  -- Locks come and go: one that is still there a moment later holds somebody up.
  IF EXISTS (SELECT FROM masking.lock_holders()) THEN
    PERFORM pg_sleep(0.3);
    FOR l IN SELECT * FROM masking.lock_lines() LOOP
      RETURN NEXT l;
      has_said := true;
    END LOOP;
  END IF;
  FOR l IN
    SELECT t.* FROM (
      SELECT 1 AS rank, r.* FROM masking.refused_lines() r
      UNION ALL SELECT 2, a.* FROM masking.apology_lines() a
      UNION ALL SELECT 3, d.* FROM masking.dial_lines(countries) d
      UNION ALL SELECT 4, n.* FROM masking.lost_number_lines() n) s
    CROSS JOIN LATERAL masking.line(s.part, s.tone, s.link, s.key, VARIADIC s.cells) t
    ORDER BY s.tone <> 'bad', s.rank
  LOOP
    IF l.tone <> 'bad' AND NOT has_said THEN
      RETURN NEXT masking.lately_line();
    END IF;
    RETURN NEXT l;
    has_said := true;
  END LOOP;
  IF NOT has_said THEN
    RETURN NEXT masking.lately_line();
  END IF;
END
$$;
COMMENT ON FUNCTION masking.now_verdict(masking.dial_countries[]) IS 'Whether calls get through: what is wrong, or how it went lately.';

CREATE OR REPLACE FUNCTION masking.picture_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The picture of the day: of 24 hours or, where that were far more than 200,000 calls, of as many as it takes for these.
-- Reads calls by time.
DECLARE
  lately CONSTANT bigint := (SELECT count(*) FROM masking.calls c WHERE c.called_at > now() - interval '1 hour');
  hours CONSTANT integer := least(greatest(200000 / greatest(lately, 1), 2), 24);
  lines masking.console_line[];
  calls bigint;
  answered bigint;
  before bigint;
BEGIN
  WITH h AS (
    SELECT c.hour, max(c.calls_before) AS before,
      ARRAY(SELECT coalesce((array_agg(c.calls))[array_position(array_agg(c.class), n.class)], 0)
        FROM unnest(masking.class_names()) WITH ORDINALITY AS n (class, place) ORDER BY n.place) AS counts
    FROM masking.calls_by_hour(hours) c GROUP BY c.hour
  )
  SELECT array_agg(masking.line('bar', '', '', '', VARIADIC ARRAY[to_char(h.hour, 'HH24')] || h.counts::text[] || h.before::text) ORDER BY h.hour),
    sum((SELECT sum(n) FROM unnest(h.counts) n)), sum(h.counts[1]), sum(h.before)
  INTO lines, calls, answered, before
  FROM h;
  RETURN NEXT masking.line('bars', '', '', '', format('The last %s hours', hours),
    format('%s, %s of them answered. A day before, in the same hours: %s.', masking.said_count(calls, 'call'), answered, before));
  RETURN QUERY SELECT l.* FROM unnest(lines) l;
END
$$;
COMMENT ON FUNCTION masking.picture_lines() IS 'The calls of the last 24 hours, as lines of which a page makes a picture.';

CREATE OR REPLACE FUNCTION masking.now_facts() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Reads the latest calls by time, the gauges of a minute ago, who waits, what was refused, the drift.
DECLARE
  many CONSTANT integer := 10000;
  lately record := masking.classes_since(now() - interval '15 minutes', 2000);
  f record;
BEGIN
  RETURN NEXT masking.line('fact', 'good', '', '', 'Database', 'answers');
  RETURN NEXT masking.line('fact', '', '', '', 'Last call or text', coalesce(masking.said_ago(masking.last_webhook()), 'never'));
  RETURN NEXT masking.line('fact', '', 'calls', '', 'Calls of the last 15 minutes', CASE WHEN lately.calls = 0 THEN 'none' ELSE masking.said_classes(lately.by_class) END);
  SELECT count(*) FILTER (WHERE c.class = 'apologised') AS apologies, count(*) FILTER (WHERE c.class = 'open') AS still_open
  INTO f FROM masking.recent_calls('1 hour', 20000) c;
  RETURN NEXT masking.line('fact', CASE WHEN f.apologies > 0 THEN 'bad' ELSE 'good' END, CASE WHEN f.apologies > 0 THEN 'outcome' ELSE '' END, 'apologised',
    'Apologies in an hour', f.apologies::text);
  RETURN NEXT masking.line('fact', '', CASE WHEN f.still_open > 0 THEN 'outcome' ELSE '' END, 'open', 'Connected, no end told yet', f.still_open::text);
  SELECT count(*) FILTER (WHERE u.kind = 'waiting') AS waiting, count(*) FILTER (WHERE u.kind = 'refused') AS refused
  INTO f FROM (SELECT w.kind FROM masking.unmasked_orders w LIMIT many) u;
  RETURN NEXT masking.line('fact', CASE WHEN f.waiting > 0 THEN 'bad' ELSE 'good' END, '', '', 'Orders waiting for a number',
    f.waiting || CASE WHEN f.waiting + f.refused = many THEN ' or more' ELSE '' END);
  RETURN NEXT masking.line('fact', CASE WHEN f.refused > 0 THEN 'warn' ELSE 'good' END, '', '', 'Orders with a number that was not taken',
    f.refused || CASE WHEN f.waiting + f.refused = many THEN ' or more' ELSE '' END);
  SELECT min(g.value) AS lowest INTO f FROM masking.gauge_values g WHERE g.name = 'pool_headroom';
  RETURN NEXT masking.line('fact', CASE WHEN f.lowest < 0 THEN 'bad' WHEN f.lowest = 0 THEN 'warn' ELSE 'good' END, 'pool', '', 'Lowest headroom of the pool',
    CASE WHEN EXISTS (SELECT FROM masking.proxy_numbers) THEN coalesce(masking.said_count(f.lowest::bigint, 'number'), 'not looked up yet')
      ELSE 'the pool is empty: any number connects' END);
  SELECT coalesce(sum(r.refused), 0) AS refused
  INTO f FROM masking.refused_signatures r WHERE masking.is_recent(r.minute, interval '1 hour');
  RETURN NEXT masking.line('fact', CASE WHEN f.refused > 0 THEN 'warn' ELSE 'good' END, '', '', 'Refused signatures in an hour', f.refused::text);
  IF EXISTS (SELECT FROM masking.pool_drift) THEN
    RETURN NEXT masking.line('fact', 'bad', 'pool', '', 'The pool and Plivo', 'differ');
  END IF;
END
$$;
COMMENT ON FUNCTION masking.now_facts() IS 'How things stand, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.unmasked_lines(of_kind text, title text, advice text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The longest first, and how many more there are. Reads unmasked_orders.
DECLARE
  shown CONSTANT integer := 20;
  more bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM masking.unmasked_orders u WHERE u.kind = of_kind) THEN
    RETURN;
  END IF;
  RETURN NEXT masking.line('section', '', '', '', title);
  RETURN NEXT masking.line('columns', '', '', '', 'Order', 'For', 'Why');
  RETURN QUERY
  SELECT made.*
  FROM (SELECT * FROM masking.unmasked_orders u WHERE u.kind = of_kind ORDER BY u.unmasked_since, u.order_id LIMIT shown) w
  CROSS JOIN LATERAL masking.line('row', CASE of_kind WHEN 'waiting' THEN 'bad' ELSE 'warn' END, 'order', w.order_id, w.order_id,
      masking.said_seconds(extract(epoch FROM now() - w.unmasked_since)::double precision), w.reason) made
  ORDER BY w.unmasked_since, w.order_id;
  SELECT count(*) - shown INTO more FROM (SELECT FROM masking.unmasked_orders u WHERE u.kind = of_kind LIMIT 10000) u;
  RETURN NEXT masking.line('text', 'quiet', '', '', CASE WHEN more > 0 THEN format('And %s more. ', more) ELSE '' END || advice);
END
$$;
COMMENT ON FUNCTION masking.unmasked_lines(text, text, text) IS 'Orders whose people cannot call each other, of one kind, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.outcome_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What became of the calls of the last hour, in the words of the list of calls. Reads the latest calls by time, 20,000 at most.
DECLARE
  f record;
  found_one boolean := false;
BEGIN
  RETURN NEXT masking.line('section', '', '', '', 'Calls of the last hour, by what became of them');
  FOR f IN
    SELECT c.*, o.told
    FROM (
      SELECT coalesce(c.became, c.outcome) AS became, c.class, count(*) FILTER (WHERE c.called_at > now() - interval '5 minutes') AS five,
        count(*) AS hour, max(c.called_at) AS latest
      FROM masking.recent_calls('1 hour', 20000) c GROUP BY 1, 2) c
    LEFT JOIN masking.outcomes o ON o.class IS NOT NULL AND o.outcome = c.became
    ORDER BY c.hour DESC, c.became
  LOOP
    IF NOT found_one THEN
      RETURN NEXT masking.line('columns', '', '', '', 'What became of it', '5 minutes', 'An hour', 'Latest');
      found_one := true;
    END IF;
    RETURN NEXT masking.line('row', masking.class_tone(f.class), 'outcome', CASE f.class WHEN 'open' THEN 'open' ELSE f.became END, coalesce(f.told, f.became),
      f.five::text, f.hour::text, masking.said_ago(f.latest));
  END LOOP;
  IF NOT found_one THEN
    RETURN NEXT masking.line('text', 'quiet', 'calls', '', 'None in the last hour. Earlier calls');
  END IF;
END
$$;
COMMENT ON FUNCTION masking.outcome_lines() IS 'What became of the calls of the last hour, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.country_lines(countries masking.dial_countries[]) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Where phones were rung in several countries, or some country's cannot be. Of the first twenty: those of most calls.
DECLARE
  d masking.dial_countries;
  lines masking.console_line[] := '{}';
  is_told boolean := false;
BEGIN
  FOREACH d IN ARRAY countries[1:20] LOOP
    is_told := is_told OR d.not_put_through > 0 OR cardinality(lines) > 0;
    lines := lines || masking.line('row', CASE WHEN d.failing_since IS NOT NULL THEN 'bad' WHEN d.not_put_through > 0 THEN 'warn' ELSE 'good' END,
      CASE WHEN d.code IS NULL THEN '' ELSE 'prefix' END, d.code, masking.said_code(d.code), d.calls::text, d.answered::text, d.not_taken::text, d.not_put_through::text,
      d.still_open::text);
  END LOOP;
  IF is_told THEN
    RETURN NEXT masking.line('section', '', '', '', 'Phones that were rung, by country');
    RETURN NEXT masking.line('columns', '', '', '', 'Country code', 'Calls', 'Answered', 'Rung, not taken', 'Not put through', 'No end told yet');
    RETURN QUERY SELECT l.* FROM unnest(lines) l;
    RETURN NEXT masking.line('text', 'quiet', '', '', 'Of the latest 2,000 calls of a day.');
  END IF;
END
$$;
COMMENT ON FUNCTION masking.country_lines(masking.dial_countries[]) IS 'How it went with the phones that were rung, by country, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.guessing_lines() RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Reads guessing.
BEGIN
  IF NOT EXISTS (SELECT FROM masking.guessing) THEN
    RETURN;
  END IF;
  RETURN NEXT masking.line('section', '', '', '', 'Somebody guesses codes');
  RETURN NEXT masking.line('columns', '', '', '', 'Number', 'Wrong codes in an hour', 'Callers');
  RETURN QUERY
  SELECT made.*
  FROM (SELECT * FROM masking.guessing g ORDER BY g.failures DESC, g.proxy LIMIT 20) g
  CROSS JOIN LATERAL masking.line('row', CASE WHEN g.callers > 20 THEN 'bad' ELSE 'warn' END, 'number', g.proxy::text, g.proxy::text, g.failures::text, g.callers::text) made
  ORDER BY g.failures DESC, g.proxy;
  RETURN NEXT masking.line('text', 'quiet', '', '', (
    SELECT CASE WHEN count(*) > 20 THEN format('And %s more. ', count(*) - 20) ELSE '' END FROM masking.guessing)
    || 'A few are people who mistype. Many callers on one number are somebody who forges caller IDs.');
END
$$;
COMMENT ON FUNCTION masking.guessing_lines() IS 'On which numbers codes are guessed, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_now(who text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The first page: does it work? Called by the console. Reads two days of calls by time for its picture, else the last
-- hour of them (20,000 at most), the gauges of a minute ago, what the servers refused, who waits and who holds locks.
DECLARE
  countries CONSTANT masking.dial_countries[] := ARRAY(SELECT d FROM masking.dial_countries d);
BEGIN
  RETURN NEXT masking.page_head(NULL);
  RETURN QUERY SELECT * FROM masking.now_verdict(countries);
  RETURN QUERY SELECT * FROM masking.now_facts();
  RETURN NEXT masking.line('form', '', '', '', '');
  RETURN QUERY SELECT * FROM masking.picture_lines();
  RETURN QUERY SELECT * FROM masking.outcome_lines();
  RETURN QUERY SELECT * FROM masking.country_lines(countries);
  RETURN QUERY SELECT * FROM masking.unmasked_lines('waiting', 'Orders that wait for a number',
    'Each gets a number by itself once there is one for it. Too few? Operations add numbers to the pool.');
  RETURN QUERY SELECT * FROM masking.unmasked_lines('refused', 'Orders with a number that was not taken',
    'More numbers in the pool do not help these: the order system has to write the customer''s or agent''s number correctly.');
  RETURN QUERY SELECT * FROM masking.guessing_lines();
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql',
    E'SELECT outcome, count(*) FROM call_log WHERE called_at > now() - interval ''1 hour'' GROUP BY outcome;\nSELECT * FROM calls_by_country(''1 hour'');\nSELECT * FROM unmasked_orders;\nSELECT * FROM guessing;');
END
$$;
COMMENT ON FUNCTION masking.console_now(text) IS 'The console''s first page: does it work?';
GRANT EXECUTE ON FUNCTION masking.console_now(text) TO masking_console;
