CREATE OR REPLACE FUNCTION masking.console_call(who text, wanted text) RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The page of one call, by Plivo's CallUUID. Called by the console. Reads one row of calls by its
-- key; writes console_log.
DECLARE
  c masking.calls;
  k masking.call_life;
  l masking.call_log;
BEGIN
  SELECT * INTO c FROM masking.calls f WHERE f.call_uuid = wanted;
  IF c.call_uuid IS NULL THEN
    PERFORM masking.looked(who, 'call', NULL);
    RETURN NEXT masking.page_head(NULL);
    RETURN NEXT masking.line('answer', 'warn', '', '', 'No call has that id.', 'It was never asked about here, or retention removed it.');
    RETURN NEXT masking.line('step', '', 'calls', '', 'Look through the calls.');
    RETURN;
  END IF;
  PERFORM masking.looked(who, 'call', c.call_uuid);
  SELECT * INTO k FROM masking.call_life f WHERE f.call_uuid = wanted;
  SELECT * INTO l FROM masking.call_log f WHERE f.call_uuid = wanted LIMIT 1;
  RETURN NEXT masking.page_head('of ' || masking.said_time(c.called_at));
  RETURN NEXT masking.line('answer', masking.class_tone(k.class), '', '', masking.as_sentence(l.outcome),
    concat_ws(' ', CASE WHEN k.class IN ('turned_away', 'apologised') THEN 'Nobody was rung.' WHEN l.callee IS NOT NULL AND NOT k.has_ended THEN
      'No end was told yet: they may be talking, or Plivo''s message about the end was lost.' END,
      masking.as_sentence(masking.said_cause(l.hangup_code))));
  RETURN NEXT masking.line('fact', '', 'until', to_char(c.called_at + interval '1 minute', 'YYYY-MM-DD HH24:MIOF'), 'Asked', masking.said_time(c.called_at));
  RETURN NEXT masking.line('fact', '', CASE WHEN c.proxy IS NULL THEN '' ELSE 'number' END, c.proxy::text, CASE WHEN c.placed THEN 'Number shown' ELSE 'Number dialled' END, coalesce(c.proxy::text, 'unusable'));
  RETURN NEXT masking.line('fact', '', '', '', CASE WHEN c.placed THEN 'Who was rung first, as a call was asked for' ELSE 'Who called' END,
    CASE WHEN k.by_code THEN format('the %s, by the order''s code, from a phone that is not the order''s', l.caller)
      ELSE l.caller || coalesce(' (**' || right(c.caller_digits, 2) || ')', '') END);
  RETURN NEXT masking.line('fact', '', '', '', CASE WHEN c.placed THEN 'Who was to be rung then' ELSE 'Who was rung' END, coalesce(l.callee, 'nobody'));
  RETURN NEXT masking.line('fact', '', '', '', 'Rang', coalesce(masking.said_seconds(l.ring_seconds), 'not told'));
  RETURN NEXT masking.line('fact', '', '', '', 'Talked', coalesce(masking.said_seconds(l.talk_seconds), 'not told'));
  RETURN NEXT masking.line('fact', '', '', '', 'Hung up by', coalesce(l.hung_up_by, 'not told'));
  RETURN NEXT masking.line('fact', '', '', '', 'Cause, in Plivo''s words', coalesce(nullif(concat_ws(' ', l.hangup_cause, l.hangup_code), ''), 'not told'));
  RETURN NEXT masking.line('fact', '', '', '', 'Cost', coalesce(l.cost::text || ' (currency of the Plivo account)', 'not told'));
  RETURN NEXT masking.line('fact', '', '', '', 'Recording', CASE WHEN l.recording_seconds IS NULL AND c.recording_url IS NULL THEN 'none'
    ELSE concat_ws(', ', coalesce(masking.said_seconds(l.recording_seconds), 'of a length not told'),
      CASE WHEN c.recording_url IS NULL THEN 'its address is forgotten by now' ELSE 'at Plivo, under the id below; its address: recording_url in masking.calls, for the owner' END) END);
  RETURN NEXT masking.line('fact', '', '', '', 'Plivo asked again', format('%s times', c.repeats));
  RETURN NEXT masking.line('fact', '', '', '', 'Id at Plivo', c.call_uuid);
  IF cardinality(c.order_ids) > 0 THEN
    RETURN NEXT masking.line('section', '', '', '', 'Its orders');
    RETURN QUERY
  SELECT made.*
  FROM unnest(c.order_ids[1:20]) o
  CROSS JOIN LATERAL masking.line('step', '', 'order', o, o) made;
  END IF;
  IF jsonb_array_length(c.earlier_answers) > 0 THEN
    RETURN NEXT masking.line('section', '', '', '', 'What Plivo was answered before');
    RETURN QUERY
  SELECT made.*
  FROM jsonb_array_elements(c.earlier_answers) a
  CROSS JOIN LATERAL masking.line('event', '', '', '', masking.said_time((a.value ->> 'answered_at')::timestamptz), replace(a.value ->> 'outcome', '_', ' ')) made;
  END IF;
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql', 'SELECT * FROM call_log WHERE call_uuid = :id;');
END
$$;
COMMENT ON FUNCTION masking.console_call(text, text) IS 'The console''s page of one call.';
GRANT EXECUTE ON FUNCTION masking.console_call(text, text) TO masking_console;
