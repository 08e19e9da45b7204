CREATE OR REPLACE FUNCTION masking.orders_of_person(person bigint, at timestamptz, at_most integer)
RETURNS TABLE (order_id text, side text, proxy bigint, begins timestamptz, ends timestamptz, ended text, words text, is_routed boolean, connects boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- The orders somebody calls or called by, nearest to that time first. Reads routes by caller,
  -- and orders by their phones for those that were never routed.
  SELECT * FROM (
    (SELECT r.order_id, r.side, r.proxy, lower(r.live), upper(r.live), coalesce(r.ended, 'end of its longest life'),
      CASE WHEN r.blocked THEN 'blocked' WHEN t.connects THEN 'connected then' WHEN lower(r.live) > at THEN 'not yet then' ELSE 'no longer then' END,
      true, t.connects AND NOT r.blocked
    FROM masking.routes r
    -- (Of a whole minute: was_live() asks about a moment.)
    CROSS JOIN LATERAL (SELECT r.live && masking.meant(at) AND NOT (r.closed AND upper(r.live) > now()) AS connects) t
    WHERE r.caller IN (masking.person(person), masking.hash_if_keyed(person))
      AND upper(r.live) > at - interval '30 days'
    ORDER BY upper(r.live) > at DESC, abs(extract(epoch FROM upper(r.live) - at))
    LIMIT at_most)
    UNION ALL
    (SELECT o.order_id, CASE WHEN o.customer IN (w.person, w.hash) THEN 'customer' WHEN o.agent IN (w.person, w.hash) THEN 'agent' END,
      NULL, o.placed_at, NULL, NULL,
      coalesce((SELECT string_agg(masking.said_reason((f.reason, NULL, f.since, f.side, f.digits)), '; ') FROM masking.order_found(o.written, now(), false) f), 'never connected'), false, false
    FROM (SELECT masking.person(person) AS person, masking.hash_if_keyed(person) AS hash) w
    CROSS JOIN LATERAL (
      SELECT k.*, k AS written FROM masking.orders k WHERE k.customer IN (w.person, w.hash) OR k.agent IN (w.person, w.hash)
      UNION
      SELECT k.*, k FROM masking.order_phones p JOIN masking.orders k ON k.order_id = p.order_id WHERE p.phone = w.person) o
    WHERE o.placed_at > at - interval '30 days'
      AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id)
    ORDER BY o.placed_at DESC
    LIMIT at_most)
  ) f
  LIMIT at_most
$$;
COMMENT ON FUNCTION masking.orders_of_person(bigint, timestamptz, integer) IS
  'By which orders somebody could call around a time, and what they were then.';

CREATE OR REPLACE FUNCTION masking.calls_around(person bigint, on_proxy bigint, at timestamptz, at_most integer)
RETURNS TABLE (call_uuid text, called_at timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Calls on record within half an hour of a time that this person made, or that were about
  -- one of the person's orders. Reads calls by time and by the hash of the caller.
  SELECT * FROM (
    SELECT c.call_uuid, c.called_at FROM masking.calls c
    WHERE c.caller_hash = masking.hash_if_keyed(person)
      AND c.called_at BETWEEN at - interval '30 minutes' AND at + interval '30 minutes'
    UNION
    SELECT c.call_uuid, c.called_at FROM masking.calls c
    WHERE c.called_at BETWEEN at - interval '30 minutes' AND at + interval '30 minutes'
      AND c.order_ids && ARRAY(SELECT o.order_id FROM masking.orders_of_person(person, at, 10) o)
  ) f
  ORDER BY f.called_at DESC
  LIMIT at_most
$$;
COMMENT ON FUNCTION masking.calls_around(bigint, bigint, timestamptz, integer) IS
  'Calls of a person, or about the person''s orders, around a time.';

CREATE OR REPLACE FUNCTION masking.asked_minute(at timestamptz) RETURNS tstzrange
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- People look at a clock that shows minutes, and not at once; who asks about now has just been told.
  SELECT CASE WHEN at >= now() - interval '1 minute' THEN tstzrange(now() - interval '5 minutes', now(), '[]')
    ELSE tstzrange(at - interval '2 minutes', at + interval '3 minutes', '[]') END
$$;
COMMENT ON FUNCTION masking.asked_minute(timestamptz) IS 'The time in which a call is looked for that somebody made about then.';

CREATE OR REPLACE FUNCTION masking.calls_of_person(person bigint, during tstzrange, at timestamptz)
RETURNS TABLE (call_uuid text, called_at timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- The calls that somebody made then: those that reached nobody are known by the hash of the caller, the others by
  -- the route that they took. Reads calls by time, routes by caller.
  SELECT c.call_uuid, c.called_at
  FROM masking.calls c
  WHERE c.called_at >= lower(during) AND c.called_at <= upper(during) AND c.placed IS NULL
    AND (c.caller_hash = masking.hash_if_keyed(person)
      -- (Of all that they have, not call by call.)
      OR c.route_id IN (SELECT r.route_id FROM masking.routes r
        WHERE r.caller IN (masking.person(person), masking.hash_if_keyed(person)) AND upper(r.live) >= lower(during)))
  ORDER BY abs(extract(epoch FROM c.called_at - at))
  LIMIT 3
$$;
COMMENT ON FUNCTION masking.calls_of_person(bigint, tstzrange, timestamptz) IS 'The calls on record that somebody made within a few minutes, nearest to that time first.';

CREATE OR REPLACE FUNCTION masking.outage_lines(during tstzrange) RETURNS SETOF masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What went wrong with us in those minutes. Of who heard an apology nothing is known. Reads calls by time, refused_signatures.
DECLARE
  f record;
BEGIN
  SELECT count(*) AS callers, min(c.called_at) AS first_at, max(c.called_at) AS last_at INTO f
  FROM masking.calls c WHERE c.called_at >= lower(during) AND c.called_at <= upper(during) AND c.outcome = 'apologised';
  IF f.callers > 0 THEN
    RETURN NEXT masking.line('answer', 'bad', 'until', to_char(f.last_at + interval '1 minute', 'YYYY-MM-DD HH24:MIOF'),
      format('The database was away then: %s an apology, from %s to %s.', masking.said_count(f.callers, 'caller heard', 'callers heard'),
        to_char(f.first_at, 'HH24:MI:SS'), to_char(f.last_at, 'HH24:MI:SS')),
      'They were asked to try again in a minute. Who they were is not known, so this call may be one of them.');
  END IF;
  SELECT sum(r.refused) AS refused INTO f
  FROM masking.refused_signatures r WHERE r.minute > lower(during) - interval '1 minute' AND r.minute <= upper(during) AND r.reason <> 'missing';
  IF f.refused > 0 THEN
    RETURN NEXT masking.line('answer', 'bad', '', '', format('Plivo was refused then: %s for its signature.', masking.said_count(f.refused::bigint, 'webhook')),
      'Such a caller hears Plivo''s own words, or nothing, and is not on record. Operations: PUBLIC_URL, or the token of the number''s account.');
  END IF;
END
$$;
COMMENT ON FUNCTION masking.outage_lines(tstzrange) IS 'What went wrong with us in some minutes, as lines of a page.';

CREATE OR REPLACE FUNCTION masking.console_why(who text, from_number text, to_number text, typed_at text)
RETURNS SETOF masking.console_line
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Why a call connected or not: a call of theirs in those minutes and what went wrong then, what routing says, the next
-- step, the person's orders, and the calls on record around that time. Called by the console. Writes console_log, two digits of
-- the numbers; shows no more of them either.
DECLARE
  times CONSTANT timestamptz[] := CASE WHEN typed_at IS NULL THEN ARRAY[now()] ELSE masking.typed_times(typed_at) END;
  at CONSTANT timestamptz := times[1];
  asked record;
  found record;
  f record;
  found_one boolean := false;
  calls masking.console_line[] := '{}';
  went_wrong masking.console_line[];
  is_that_minute boolean := false;
BEGIN
  RETURN NEXT masking.page_head(NULL);
  RETURN NEXT masking.line('form', '', '', '', '');
  PERFORM masking.looked(who, 'why', masking.said_numbers(from_number, to_number));
  IF cardinality(times) IS DISTINCT FROM 1 THEN
    RETURN NEXT masking.unclear_time(times);
    RETURN;
  END IF;
  BEGIN
    SELECT * INTO asked FROM masking.asked_call(from_number, to_number, at, 'Who called', 'Number dialled');
  EXCEPTION WHEN SQLSTATE 'MK001' THEN
    RETURN NEXT masking.line('answer', 'warn', '', '', 'That is not a phone number with its country code.', SQLERRM || '.');
    RETURN;
  END;

  SELECT c.findings, c.findings[1].reason, coalesce(r.tone, 'bad') AS tone INTO found
  FROM masking.call_found(asked.caller, asked.dialled, at) c LEFT JOIN masking.reasons r ON r.reason = c.findings[1].reason;
  FOR f IN
    SELECT l.*, k.class FROM masking.calls_of_person(asked.caller, masking.asked_minute(at), at) c
    JOIN masking.call_life k ON k.call_uuid = c.call_uuid
    CROSS JOIN LATERAL (SELECT g.* FROM masking.call_log g WHERE g.call_uuid = c.call_uuid LIMIT 1) l
  LOOP
    calls := calls || masking.line('answer', masking.class_tone(f.class), 'call', f.call_uuid,
      format('A call of theirs is on record, at %s: %s.', to_char(f.called_at, 'HH24:MI:SS'), f.outcome),
      concat_ws(' ', masking.as_sentence(masking.said_cause(f.hangup_code)),
        'They were connected for ' || masking.said_seconds(nullif(f.talk_seconds, 0)) || '.'));
    is_that_minute := is_that_minute OR at >= now() - interval '1 minute' OR f.called_at >= at AND f.called_at < at + interval '1 minute';
  END LOOP;
  -- What is nearest to the minute that was asked about stands first.
  went_wrong := ARRAY(SELECT o FROM masking.outage_lines(masking.asked_minute(at)) o);
  RETURN QUERY SELECT l.* FROM unnest(CASE WHEN is_that_minute THEN calls || went_wrong ELSE went_wrong || calls END) l;
  IF calls = '{}' THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'No call of theirs is on record for those minutes: it was made at another time, from another phone, by an order''s code or with the number hidden, it heard an apology, or it never reached us.');
  END IF;
  SELECT s.* INTO f FROM masking.proxy_numbers p CROSS JOIN LATERAL masking.number_state(p) s WHERE p.e164 = asked.dialled AND s.tone = 'bad';
  IF f.words IS NOT NULL THEN
    RETURN NEXT masking.line('answer', 'bad', 'pool_number', asked.dialled::text, format('The number %s does not ring here: %s.', asked.dialled, f.words),
      'Whoever dials it does not reach us, whatever routing says. Tell operations.');
  END IF;
  RETURN NEXT masking.line('answer', CASE WHEN found.tone = 'good' AND calls || went_wrong <> '{}' THEN 'quiet' ELSE found.tone END, '', '',
    CASE WHEN found.tone = 'good' AND calls || went_wrong <> '{}' THEN 'Routing connects such a call.' WHEN found.tone = 'good' THEN 'This call connects.' ELSE 'This call does not connect.' END, masking.said_reasons(found.findings));
  RETURN NEXT masking.line('fact', '', '', '', 'Asked for', masking.said_time(at));
  RETURN NEXT masking.line('fact', '', '', '', 'Numbers', masking.said_numbers(from_number, nullif(asked.dialled, 0)::text));
  RETURN NEXT masking.line('section', '', '', '', 'What to do next');
  RETURN NEXT masking.line('step', '', '', '', CASE WHEN found.tone = 'good' AND calls <> '{}' THEN 'Look at what became of their call, above.'
    WHEN found.tone = 'good' AND went_wrong <> '{}' THEN 'They may call again: what went wrong then is told above.' ELSE masking.next_step(found.reason) END);
  IF found.reason = 'unknown number' AND masking.setting_on('codes') THEN
    RETURN NEXT masking.line('step', '', '', '', 'Whoever enters an order''s code is connected from any phone, and such a call is found from the order.');
  END IF;
  IF found.reason IN ('other number', 'connected elsewhere') AND at >= now() THEN
    RETURN QUERY
    SELECT made.*
    FROM (SELECT DISTINCT o.proxy::text FROM masking.orders_of_person(asked.caller, at, 10) o
      WHERE o.connects AND NOT EXISTS (
        SELECT FROM masking.orders k WHERE k.order_id = o.order_id AND k.proxy_number <> o.proxy::text)) n (proxy) -- replaced
    CROSS JOIN LATERAL masking.line('step', '', 'number', n.proxy, 'The number to dial: ' || n.proxy) made;
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Orders of this phone around that time');
  FOR f IN SELECT * FROM masking.orders_of_person(asked.caller, at, 10) LOOP
    IF NOT found_one THEN
      RETURN NEXT masking.line('columns', '', '', '', 'Order', 'As', 'Number', 'Then', masking.said_zone('From'), 'Until', 'Why it ends');
      found_one := true;
    END IF;
    RETURN NEXT masking.line('row', CASE WHEN f.connects THEN 'good' ELSE 'warn' END, 'order', f.order_id, f.order_id,
      f.side, CASE WHEN f.is_routed THEN coalesce(f.proxy::text, 'any') END, f.words, masking.said_clock(f.begins),
      CASE WHEN f.is_routed THEN masking.said_clock(f.ends) END, f.ended);
  END LOOP;
  IF NOT found_one THEN
    RETURN NEXT masking.line('text', 'quiet', '', '', 'None within 30 days before.');
  END IF;

  RETURN NEXT masking.line('section', '', '', '', 'Calls within half an hour of it');
  found_one := false;
  FOR f IN SELECT * FROM masking.calls_around(asked.caller, NULL, at, 20) LOOP
    IF NOT found_one THEN
      RETURN NEXT masking.call_columns();
      found_one := true;
    END IF;
    RETURN NEXT masking.call_row(f.call_uuid);
  END LOOP;
  IF NOT found_one THEN
    RETURN NEXT masking.line('text', 'quiet', '', '',
      'None on record: the call was made at another time, from another phone, or it never reached us.');
  END IF;
  RETURN NEXT masking.line('sql', '', '', '', 'The same in psql', 'SELECT words FROM explain(:from, :to, :at);');
END
$$;
COMMENT ON FUNCTION masking.console_why(text, text, text, text) IS 'The console''s page of who would have been connected, and why.';
GRANT EXECUTE ON FUNCTION masking.console_why(text, text, text, text) TO masking_console;
