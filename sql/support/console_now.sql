CREATE OR REPLACE FUNCTION masking.now_verdict() RETURNS masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- One sentence: do calls get through? Reads the latest calls by time.
DECLARE
  calls bigint;
  connected bigint;
  apologies bigint;
  last_one timestamptz := masking.last_webhook();
BEGIN
  SELECT count(*), count(*) FILTER (WHERE c.outcome = 'connected'), count(*) FILTER (WHERE c.outcome = 'apologised')
  INTO calls, connected, apologies
  FROM masking.recent_calls('15 minutes', 2000) c;
  RETURN CASE
    WHEN apologies > 0 THEN masking.line('answer', 'bad', 'outcome', 'apologised',
      format('%s of the last %s callers heard an apology.', apologies, calls),
      'For a while within the last 15 minutes the servers did not get an answer from the database in time. The servers'' logs say when (event=database_lost).')
    WHEN connected > 0 THEN masking.line('answer', 'good', 'calls', '', 'Calls get through.',
      format('%s of %s calls of the last 15 minutes rang somebody.', connected, calls))
    WHEN calls > 0 THEN masking.line('answer', 'warn', 'calls', '', 'Calls come, but none of them rang anybody.',
      format('%s calls in the last 15 minutes; what became of them is below.', calls))
    WHEN masking.somebody_could_call() THEN masking.line('answer', 'warn', 'pool', '', 'No call in the last 15 minutes, though there are orders whose people could call.',
      CASE WHEN last_one IS NULL THEN 'None has ever come: are the numbers attached to the application at Plivo, and does its URL lead here?'
        ELSE format('The last call or text came %s. If that is unusual: are the numbers still attached to the application at Plivo?', masking.said_ago(last_one)) END)
    ELSE masking.line('answer', 'quiet', '', '', 'No call in the last 15 minutes, and no order whose people could call.', 'Nothing is wrong with that.')
  END;
END
$$;
COMMENT ON FUNCTION masking.now_verdict() IS 'Whether calls get through, in a sentence.';

CREATE OR REPLACE FUNCTION masking.console_now(who text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The first page: does it work? Called by the console. Reads the last hour of calls (20,000 at
-- most), the gauges of a minute ago, what the servers refused, and who waits.
DECLARE
  f record;
  waiting bigint;
  found_one boolean := false;
BEGIN
  RETURN NEXT masking.now_verdict();
  RETURN NEXT masking.line('form', '', '', '', '');
  SELECT count(*) INTO waiting FROM (SELECT FROM masking.unmasked_orders LIMIT 10000) u;
  RETURN NEXT masking.line('fact', 'good', '', '', 'Database', 'answers');
  RETURN NEXT masking.line('fact', '', '', '', 'Last call or text', coalesce(masking.said_ago(masking.last_webhook()), 'never'));
  SELECT count(*) FILTER (WHERE c.outcome = 'apologised') AS apologies,
    count(*) FILTER (WHERE c.outcome = 'connected' AND NOT c.has_ended) AS live
  INTO f FROM masking.recent_calls('1 hour', 20000) c;
  RETURN NEXT masking.line('fact', CASE WHEN f.apologies > 0 THEN 'bad' ELSE 'good' END, CASE WHEN f.apologies > 0 THEN 'outcome' ELSE '' END, 'apologised',
    'Apologies in an hour', f.apologies::text);
  RETURN NEXT masking.line('fact', '', '', '', 'Connected, no end told yet', f.live::text);
  RETURN NEXT masking.line('fact', CASE WHEN waiting > 0 THEN 'bad' ELSE 'good' END, '', '', 'Orders waiting for a number',
    CASE WHEN waiting < 10000 THEN waiting::text ELSE '10000 or more' END);
  SELECT min(g.value) AS lowest INTO f FROM masking.gauge_values g WHERE g.name = 'pool_headroom';
  RETURN NEXT masking.line('fact', CASE WHEN f.lowest < 0 THEN 'bad' WHEN f.lowest = 0 THEN 'warn' ELSE 'good' END, 'pool', '', 'Lowest headroom of the pool',
    CASE WHEN EXISTS (SELECT FROM masking.proxy_numbers) THEN coalesce(f.lowest || CASE WHEN f.lowest = 1 THEN ' number' ELSE ' numbers' END, 'not looked up yet')
      ELSE 'the pool is empty: any number connects' END);

  SELECT coalesce(sum(r.refused), 0) AS refused, coalesce(sum(r.refused) FILTER (WHERE r.reason = 'wrong'), 0) AS wrong
  INTO f FROM masking.refused_signatures r WHERE r.minute > now() - interval '1 hour';
  RETURN NEXT masking.line('fact', CASE WHEN f.refused > 0 THEN 'warn' ELSE 'good' END, '', '', 'Refused signatures in an hour', f.refused::text);
  IF EXISTS (SELECT FROM masking.pool_drift) THEN
    RETURN NEXT masking.line('fact', 'bad', 'pool', '', 'The pool and Plivo', 'differ');
  END IF;
  IF f.wrong > 0 THEN
    RETURN NEXT masking.line('text', 'warn', '', '',
      'Signatures that are wrong: PUBLIC_URL is not what Plivo dials, or the token is not that of the number''s account. The servers'' logs say which URL was expected (event=signature_refused).');
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Calls by what became of them');
  FOR f IN
    SELECT c.*, coalesce(o.tone, 'warn') AS tone, coalesce(o.briefly, replace(c.outcome, '_', ' ')) AS words
    FROM (
      SELECT c.outcome, count(*) FILTER (WHERE c.called_at > now() - interval '5 minutes') AS five,
        count(*) AS hour, max(c.called_at) AS latest
      FROM masking.recent_calls('1 hour', 20000) c GROUP BY c.outcome) c
    LEFT JOIN masking.outcomes o ON o.kind = 'call' AND o.outcome = c.outcome
    ORDER BY c.hour DESC
  LOOP
    IF NOT found_one THEN
      RETURN NEXT masking.line('columns', '', '', '', 'The caller', 'Last 5 minutes', 'Last hour', 'Latest');
      found_one := true;
    END IF;
    RETURN NEXT masking.line('row', f.tone, 'outcome', f.outcome, f.words, f.five::text, f.hour::text, masking.said_ago(f.latest));
  END LOOP;
  IF NOT found_one THEN
    RETURN NEXT masking.line('text', 'quiet', 'calls', '', 'None in the last hour. Earlier calls');
  END IF;

  IF waiting > 0 THEN
    RETURN NEXT masking.line('section', '', '', '', 'Orders that wait for a number');
    RETURN NEXT masking.line('columns', '', '', '', 'Order', 'Waits for', 'Why');
    RETURN QUERY
  SELECT made.*
  FROM (SELECT * FROM masking.unmasked_orders u ORDER BY u.unmasked_since LIMIT 20) w
  CROSS JOIN LATERAL masking.line('row', 'bad', 'order', w.order_id, w.order_id,
      masking.said_seconds(extract(epoch FROM now() - w.unmasked_since)::double precision), w.reason) made
  ORDER BY w.unmasked_since;
  END IF;
  IF EXISTS (SELECT FROM masking.guessing) THEN
    RETURN NEXT masking.line('section', '', '', '', 'Somebody guesses codes');
    RETURN NEXT masking.line('columns', '', '', '', 'Number', 'Wrong codes in an hour', 'Callers');
    RETURN QUERY
  SELECT made.*
  FROM masking.guessing g
  CROSS JOIN LATERAL masking.line('row', CASE WHEN g.callers > 20 THEN 'bad' ELSE 'warn' END, 'number', g.proxy::text, g.proxy::text, g.failures::text, g.callers::text) made
  ORDER BY g.failures DESC LIMIT 20;
    RETURN NEXT masking.line('text', 'quiet', '', '', 'A few are people who mistype. Many callers on one number are somebody who forges caller IDs.');
  END IF;
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql',
    E'SELECT outcome, count(*) FROM call_log WHERE called_at > now() - interval ''1 hour'' GROUP BY outcome;\nSELECT * FROM unmasked_orders;\nSELECT * FROM guessing;');
END
$$;
COMMENT ON FUNCTION masking.console_now(text) IS 'The console''s first page: does it work?';
GRANT EXECUTE ON FUNCTION masking.console_now(text) TO masking_console;
