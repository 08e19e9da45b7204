CREATE OR REPLACE FUNCTION masking.typed_until(typed text, at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Until 19:42 means that minute too, until a day that day.
  SELECT at + CASE WHEN typed ~ ':[0-9]{2}:[0-9]' THEN interval '1 second' WHEN typed ~* ':|[ap][.]?m' THEN interval '1 minute' ELSE interval '1 day' END
    - interval '1 microsecond'
$$;
COMMENT ON FUNCTION masking.typed_until(text, timestamptz) IS 'The end of the second, minute or day that somebody typed.';

CREATE OR REPLACE FUNCTION masking.said_filters(kind text, proxy_number text, the_order text, code text, cause integer, typed_until timestamptz) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Only what is one of ours is said: whatever was typed besides is not printed back.
  SELECT nullif(concat_ws(', ', coalesce(masking.said_class(kind),
      (SELECT o.told FROM masking.outcomes o WHERE o.class IS NOT NULL AND o.outcome = kind)),
    'on ' || proxy_number, 'about ' || the_order, CASE WHEN code IS NOT NULL THEN 'to ' || masking.said_code(code) END,
    masking.said_cause(cause), CASE WHEN typed_until IS NOT NULL THEN 'until ' || masking.said_time(typed_until) END), '')
$$;
COMMENT ON FUNCTION masking.said_filters(text, text, text, text, integer, timestamptz) IS 'Which calls a list is of, for its heading; NULL: of all.';

CREATE OR REPLACE FUNCTION masking.country_summary(wanted text) RETURNS SETOF masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH d AS MATERIALIZED (SELECT c AS country FROM masking.dial_countries c WHERE c.code = wanted)
  SELECT l.* FROM d CROSS JOIN LATERAL masking.dial_lines(ARRAY[d.country]) l
  UNION ALL
  SELECT made.* FROM (SELECT (f.country).* FROM d f) d
  CROSS JOIN LATERAL masking.line('text', '', '', '', format('Of the latest 2,000 calls of a day %s: %s answered, %s rung, not taken, %s not put through, %s without an end told yet.',
    masking.said_count(d.calls, 'went there', 'went there'), d.answered, d.not_taken, d.not_put_through, d.still_open)) made
$$;
COMMENT ON FUNCTION masking.country_summary(text) IS 'How it went lately with calls to a country, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_calls(who text, kind text, on_number text, of_order text, on_prefix text, cause text, typed_until text, before text)
RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The latest calls before a key, (time in microseconds)-(CallUUID), so that a page costs the
-- same however many there are. Looks at 5,000 at most for a page of 50 and says where it stopped.
-- Called by the console. Reads calls by time, routes of those whose country is asked for; writes console_log when an order
-- is asked for.
DECLARE
  page_size CONSTANT integer := 50;
  key text[] := regexp_match(before, '^([0-9]{1,17})-(.{1,200})$');
  times CONSTANT timestamptz[] := CASE WHEN typed_until IS NULL THEN ARRAY['infinity'::timestamptz] ELSE masking.typed_times(typed_until) END;
  until CONSTANT timestamptz := CASE WHEN typed_until IS NULL THEN 'infinity' ELSE masking.typed_until(typed_until, times[1]) END;
  from_time timestamptz := until;
  from_uuid text := key[2];
  proxy_is CONSTANT bigint := (SELECT p.e164 FROM masking.proxy_numbers p WHERE p.number = regexp_replace(on_number, '[^0-9]', '', 'g'));
  code CONSTANT text := substring(on_prefix FROM '^(?:[+]|00)?([1-9][0-9]{0,2})$');
  code_is CONSTANT integer := CASE WHEN cause ~ '^[0-9]{1,6}$' THEN cause::integer END;
  during record;
  c record;
  seen integer := 0;
  shown integer := 0;
BEGIN
  during := masking.order_window(of_order);
  IF of_order IS NOT NULL THEN
    PERFORM masking.looked(who, 'calls', CASE WHEN during.begins IS NOT NULL THEN of_order END);
  END IF;
  RETURN NEXT masking.page_head(CASE WHEN cardinality(times) = 1 THEN masking.said_filters(kind, proxy_is::text, CASE WHEN during.begins IS NOT NULL THEN of_order END, code, code_is,
    CASE WHEN isfinite(until) THEN times[1] END) END);
  RETURN NEXT masking.line('form', '', '', '', '');
  IF cardinality(times) IS DISTINCT FROM 1 THEN
    RETURN NEXT masking.unclear_time(times);
    RETURN;
  ELSIF of_order IS NOT NULL AND during.begins IS NULL THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', 'No order has that id.', '');
    RETURN;
  ELSIF on_number IS NOT NULL AND proxy_is IS NULL THEN
    RETURN NEXT masking.line('answer', 'warn', 'pool', '', 'That number is not in the pool.', 'Calls are found by the number of ours that was dialled. By the number of who called? Ask Why.');
    RETURN;
  ELSIF on_prefix IS NOT NULL AND code IS NULL OR cause IS NOT NULL AND code_is IS NULL THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', 'A country code is one to three digits, as 34; a code of Plivo''s is a number, as 2040.', '');
    RETURN;
  END IF;
  IF key IS NOT NULL THEN
    from_time := least(until, timestamptz 'epoch' + key[1]::bigint * interval '1 microsecond');
  END IF;
  IF of_order IS NOT NULL THEN
    RETURN NEXT masking.line('fact', '', 'order', of_order, 'Order', of_order);
  END IF;
  IF proxy_is IS NOT NULL THEN
    RETURN NEXT masking.line('fact', '', 'pool_number', proxy_is::text, 'Number, and its orders', proxy_is::text);
  END IF;
  IF code IS NOT NULL AND key IS NULL THEN
    RETURN QUERY SELECT * FROM masking.country_summary(code);
  END IF;
  RETURN NEXT masking.line('section', '', '', '', CASE WHEN isfinite(from_time) THEN 'Calls until ' || masking.said_time(from_time) ELSE 'The latest calls' END);
  FOR c IN
    SELECT f.called_at, f.call_uuid, f.proxy, f.order_ids, f.route_id, f.hangup_code, coalesce(f.became, f.outcome) AS became, f.class FROM masking.call_life f
    WHERE f.called_at <= least(from_time, during.ends) AND (f.called_at < from_time OR from_uuid IS NULL OR f.call_uuid < from_uuid)
      AND f.called_at >= coalesce(during.begins, '-infinity')
    ORDER BY f.called_at DESC, f.call_uuid DESC
    LIMIT 5000
  LOOP
    IF shown = page_size THEN
      RETURN NEXT masking.line('text', '', 'before', before, 'Older calls');
      EXIT;
    END IF;
    seen := seen + 1;
    before := format('%s-%s', (extract(epoch FROM c.called_at) * 1000000)::bigint, c.call_uuid);
    CONTINUE WHEN of_order IS NOT NULL AND (c.order_ids @> ARRAY[of_order]) IS NOT TRUE
      OR on_number IS NOT NULL AND c.proxy IS DISTINCT FROM proxy_is
      OR kind IS NOT NULL AND kind NOT IN (c.class, c.became)
      OR cause IS NOT NULL AND c.hangup_code IS DISTINCT FROM code_is;
    CONTINUE WHEN code IS NOT NULL AND NOT EXISTS (
      SELECT FROM masking.routes r
      WHERE r.order_id = ANY (c.order_ids) AND r.route_id = c.route_id AND r.callee > 0 AND starts_with(r.callee::text, code));
    IF shown = 0 THEN
      RETURN NEXT masking.call_columns();
    END IF;
    RETURN NEXT masking.call_row(c.call_uuid);
    shown := shown + 1;
  END LOOP;
  IF shown = 0 THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None.');
  END IF;
  IF seen = 5000 THEN
    RETURN NEXT masking.line('text', '', 'before', before, format('Looked back to %s: look further', masking.said_time(c.called_at)));
  END IF;
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql', 'SELECT * FROM call_log WHERE called_at <= :until ORDER BY called_at DESC LIMIT 50;');
END
$$;
COMMENT ON FUNCTION masking.console_calls(text, text, text, text, text, text, text, text) IS 'The console''s list of calls, by key.';
GRANT EXECUTE ON FUNCTION masking.console_calls(text, text, text, text, text, text, text, text) TO masking_console;
