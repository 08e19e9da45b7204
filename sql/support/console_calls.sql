CREATE OR REPLACE FUNCTION masking.console_calls(who text, kind text, on_number text, of_order text, on_prefix text, cause text, typed_until text, before text)
RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The latest calls before a key, (time in microseconds)-(CallUUID), so that a page costs the
-- same however many there are. Looks at 5,000 at most for a page of 50 and says where it stopped.
-- Called by the console. Reads calls by time; writes console_log when an order is asked for.
DECLARE
  page_size CONSTANT integer := 50;
  key text[] := regexp_match(before, '^([0-9]{1,17})-(.{1,200})$');
  times CONSTANT timestamptz[] := CASE WHEN typed_until IS NULL OR key IS NOT NULL THEN ARRAY['infinity'::timestamptz] ELSE masking.typed_times(typed_until) END;
  from_time timestamptz := times[1];
  from_uuid text := key[2];
  proxy_is bigint := CASE WHEN on_number ~ '^[1-9][0-9]{6,14}$' THEN on_number END;
  during record;
  c record;
  seen integer := 0;
  shown integer := 0;
BEGIN
  IF cardinality(times) IS DISTINCT FROM 1 THEN
    RETURN NEXT masking.unclear_time(times);
    RETURN;
  END IF;
  IF key IS NOT NULL THEN
    from_time := timestamptz 'epoch' + key[1]::bigint * interval '1 microsecond';
  END IF;
  during := masking.order_window(of_order);
  IF of_order IS NOT NULL THEN
    PERFORM masking.looked(who, 'calls', CASE WHEN during.begins IS NOT NULL THEN of_order END);
    IF during.begins IS NULL THEN
      RETURN NEXT masking.line('answer', 'warn', '', '', 'No order has that id.', '');
      RETURN;
    END IF;
    RETURN NEXT masking.line('fact', '', 'order', of_order, 'Calls about the order', of_order);
  END IF;
  IF on_number IS NOT NULL THEN
    RETURN NEXT masking.line('fact', '', 'pool', '', 'Calls on the number', coalesce(
      (SELECT p.number FROM masking.proxy_numbers p WHERE p.e164 = proxy_is), 'one that is not in the pool'));
  END IF;
  RETURN NEXT masking.line('section', '', '', '', CASE WHEN isfinite(from_time) THEN 'Calls until ' || masking.said_time(from_time) ELSE 'The latest calls' END);
  FOR c IN
    SELECT f.called_at, f.call_uuid, f.proxy, f.order_ids, f.outcome, f.became, f.class FROM masking.call_life f
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
      OR kind IS NOT NULL AND kind NOT IN (c.class, coalesce(c.became, c.outcome));
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
