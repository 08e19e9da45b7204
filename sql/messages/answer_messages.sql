-- true once an hour for each sender and sentence, also if many ask at the same moment.
CREATE OR REPLACE FUNCTION masking.may_be_told(sender bigint, sentence text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO masking.told_senders AS t (number, event, told_at) VALUES (sender, sentence, now())
  ON CONFLICT (number, event) DO UPDATE SET told_at = now()
  WHERE t.told_at < now() - interval '1 hour';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.may_be_told(bigint, text) IS
  'Whether a sender may be sent the sentence now; remembers that it was.';

-- What a person wants of this number, from STOP to START.
CREATE OR REPLACE FUNCTION masking.note_wish(person bigint, proxy bigint, kind text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  hash CONSTANT bigint := masking.hash_if_keyed(person);
BEGIN
  IF kind = 'optout' AND hash IS NOT NULL THEN
    INSERT INTO masking.opted_out (person_hash, proxy, said_at) VALUES (hash, proxy, now())
    ON CONFLICT DO NOTHING;
  ELSIF kind = 'optin' THEN
    DELETE FROM masking.opted_out t WHERE t.person_hash = hash AND t.proxy = note_wish.proxy;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.note_wish(bigint, bigint, text) IS
  'Remembers that a person sent STOP to a number (optout), or START after it (optin).';

CREATE OR REPLACE FUNCTION masking.has_opted_out(person bigint, on_proxy bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM masking.opted_out t WHERE t.person_hash = masking.hash_if_keyed(person) AND t.proxy = on_proxy);
END
$$;
COMMENT ON FUNCTION masking.has_opted_out(bigint, bigint) IS 'Whether a person sent STOP to this number, and not START since.';

CREATE OR REPLACE FUNCTION masking.are_too_many(first_order text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  most CONSTANT integer := masking.setting_amount('texts_per_minute');
BEGIN
  -- Somebody who writes a lot and gets no answer is no loop: both sides must have written so many.
  RETURN most > 0 AND (
    SELECT count(*) >= most FROM (
      SELECT FROM masking.messages m
      WHERE m.order_ids[1] = first_order AND m.side = 'agent' AND m.outcome = 'forwarded'
        AND masking.is_recent(m.received_at, interval '1 minute')
      LIMIT most) few) AND (
    SELECT count(*) >= most FROM (
      SELECT FROM masking.messages m
      WHERE m.order_ids[1] = first_order AND m.side = 'customer' AND m.outcome = 'forwarded'
        AND masking.is_recent(m.received_at, interval '1 minute')
      LIMIT most) few);
END
$$;
COMMENT ON FUNCTION masking.are_too_many(text) IS
  'Whether the two sides of this order wrote each other so much within the last minute that two machines must be at work.';

CREATE OR REPLACE FUNCTION masking.decided_message(
  writes_from bigint, sender bigint, proxy bigint, kind text, way text, callee bigint, shows bigint, first_order text,
  OUT outcome text, OUT told text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  word CONSTANT text := kind;
  rest CONSTANT text := CASE WHEN starts_with(kind, 'text_and_') THEN substr(kind, 10) ELSE kind END;
  is_media CONSTANT boolean := rest <> 'text' AND EXISTS (
    SELECT FROM masking.outcomes o WHERE o.kind = 'text' AND o.outcome = rest AND o.briefly IS NOT NULL);
  is_news boolean;
BEGIN
  kind := CASE kind
    WHEN 'start' THEN CASE WHEN masking.has_opted_out(sender, proxy) THEN 'optin' ELSE 'text' END
    -- A law of the carriers of North America, where Plivo acts on the word. Elsewhere "Cancel" is what the writer says.
    WHEN 'stop' THEN CASE WHEN sender BETWEEN 10000000000 AND 19999999999 AND proxy BETWEEN 10000000000 AND 19999999999 THEN 'optout' ELSE 'text' END
    ELSE kind END;
  outcome := CASE
    WHEN proxy IS NULL THEN 'bad_number'
    WHEN sender IS NULL THEN 'no_sender'
    WHEN sender = masking.person(proxy) OR masking.is_proxy(sender) THEN 'from_proxy'
    WHEN kind <> 'text' AND NOT is_media THEN kind
    WHEN way IS NULL THEN 'unknown_sender'
    WHEN way = 'blocked' THEN 'blocked'
    WHEN masking.has_opted_out(callee, shows) THEN 'opted_out'
    WHEN is_media AND kind = rest THEN kind
    WHEN masking.are_too_many(first_order) THEN 'too_many'
    ELSE 'forwarded'
  END;
  IF outcome IN ('optout', 'optin') THEN
    is_news := NOT masking.has_opted_out(sender, proxy);
    PERFORM masking.note_wish(sender, proxy, outcome);
  END IF;
  told := CASE
    WHEN outcome IN ('unknown_sender', 'opted_out', 'too_many') THEN outcome
    WHEN is_media AND outcome IN ('forwarded', rest) THEN rest
    -- Where Plivo tells that somebody opted out, it tells them too.
    WHEN outcome = 'optout' AND word = 'stop' THEN 'stopped'
  END;
  -- Nothing can be sent to a number in national form. Whoever stops texts that came is told each time.
  IF told IS NOT NULL AND (masking.person(writes_from) <> sender
    OR NOT masking.may_be_told(sender, told) AND NOT (told = 'stopped' AND is_news))
  THEN
    told := NULL;
    IF outcome = 'unknown_sender' THEN
      outcome := 'unknown_sender_quiet';
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.decided_message(bigint, bigint, bigint, text, text, bigint, bigint, text) IS
  'What becomes of a message that is asked about for the first time, and what its sender is told (an event of prompts). writes_from: the sender''s number as it came; way, callee, shows: as masking.call_way() has them.';

CREATE OR REPLACE FUNCTION masking.other_outcomes(t masking.messages, the_ask bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN t.ask IS NULL OR t.ask = the_ask THEN t.earlier_outcomes
    ELSE (
      SELECT jsonb_agg(e.value ORDER BY e.place)
      FROM jsonb_array_elements(coalesce(t.earlier_outcomes, '[]')
        || jsonb_build_object('ask', t.ask, 'outcome', t.outcome)) WITH ORDINALITY AS e (value, place)
      WHERE (e.value ->> 'ask')::bigint <> the_ask)
  END
$$;
COMMENT ON FUNCTION masking.other_outcomes(masking.messages, bigint) IS
  'What became of every ask about this message but this one, oldest first, as earlier_outcomes.';

CREATE OR REPLACE FUNCTION masking.has_outcome(t masking.messages, answer jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT jsonb_build_object('ask', t.ask, 'outcome', t.outcome) @> answer
    OR t.earlier_outcomes IS NOT NULL AND t.earlier_outcomes @> jsonb_build_array(answer)
$$;
COMMENT ON FUNCTION masking.has_outcome(masking.messages, jsonb) IS 'Whether such an answer, or such an ask, is on record.';

CREATE OR REPLACE FUNCTION masking.way_closed(t masking.messages, sender bigint) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  way record;
BEGIN
  SELECT w.way, w.callee = r.callee AND NOT masking.has_opted_out(w.callee, w.shows) AS is_same INTO way
  FROM masking.call_way(sender, t.proxy) w
  LEFT JOIN masking.routes r ON r.order_id = ANY (t.order_ids) AND r.route_id = t.route_id;
  RETURN CASE WHEN way.way = 'blocked' THEN 'blocked' WHEN way.is_same IS NOT TRUE THEN 'unknown_sender_quiet' END;
END
$$;
COMMENT ON FUNCTION masking.way_closed(masking.messages, bigint) IS
  'What becomes of a text that was sent on, if it were written now and reached somebody else by now, or nobody; NULL: it reaches the same.';

CREATE OR REPLACE FUNCTION masking.message_apology(the_message text, person bigint, the_proxy bigint, the_ask bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- It was answered with 503 and nothing was sent, so it comes again: this beats what the same ask was answered, before or after it. A text that another ask sent on was sent on.
DECLARE
  m masking.messages;
  apology CONSTANT jsonb := jsonb_build_object('ask', the_ask, 'outcome', 'apologised');
  others jsonb;
  heard jsonb;
BEGIN
  INSERT INTO masking.messages (message_uuid, received_at, answered_at, proxy, ask, side, order_ids, route_id, outcome)
  SELECT the_message, now(), clock_timestamp(), the_proxy, the_ask, w.side, w.order_ids, w.route_id, 'apologised'
  FROM masking.call_way(person, the_proxy) w
  ON CONFLICT (message_uuid) DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT t.* INTO m FROM masking.messages t WHERE t.message_uuid = the_message FOR UPDATE;
  IF masking.has_outcome(m, apology) THEN
    RETURN; -- written already
  END IF;
  others := coalesce(masking.other_outcomes(m, the_ask), '[]');
  SELECT e.value INTO heard
  FROM jsonb_array_elements(jsonb_build_array(apology) || others) WITH ORDINALITY AS e (value, place)
  ORDER BY e.value ->> 'outcome' <> 'apologised' DESC, e.place DESC
  LIMIT 1;
  UPDATE masking.messages t SET
    answered_at = clock_timestamp(),
    ask = (heard ->> 'ask')::bigint,
    outcome = heard ->> 'outcome',
    told = CASE WHEN heard ->> 'outcome' <> 'apologised' THEN t.told END,
    repeats = t.repeats + (NOT masking.has_outcome(m, jsonb_build_object('ask', the_ask)))::integer,
    earlier_outcomes = (
      SELECT jsonb_agg(e.value ORDER BY e.place)
      FROM jsonb_array_elements(others || apology) WITH ORDINALITY AS e (value, place)
      WHERE e.value ->> 'ask' <> heard ->> 'ask')
  WHERE t.message_uuid = the_message;
END
$$;
COMMENT ON FUNCTION masking.message_apology(text, bigint, bigint, bigint) IS
  'Puts on record that this ask about a message got no answer from the database.';

CREATE OR REPLACE FUNCTION masking.answer_messages(
  message_uuids text[], senders bigint[], dialled bigint[], kinds text[], asks bigint[])
RETURNS SETOF masking.answer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Text messages go the way calls go: the same routes decide. The text is not stored anywhere, and
-- neither is a number of a connected person. Nothing here may start an endless exchange: a number
-- of the pool is never answered and never forwarded, so two of them cannot talk to each other;
-- any other sender gets each sentence once an hour, and two phones that answer each other are
-- stopped by texts_per_minute: then neither gets anything more to answer.
-- The row is the answer. A message that was answered gets the same answer again, but for one that was
-- sent on a way that is closed by now: then nothing (way_closed), which is what that ask is recorded to
-- have got. One that was apologised for (503, nothing was sent) is decided anew.
--   reads   routes, proxy_numbers, prompts, settings, opted_out, messages (of an order, of a minute)
--   writes  messages, told_senders, opted_out; feed_inbox, with feed_texts
--   locks   rows of these, one message after the other in the order of senders: two batches wait
--           for each other instead of deadlocking (of two messages of one sender with different
--           sentences they may: then each is asked for alone)
--   who     the server
#variable_conflict use_column
DECLARE
  m record;
  answer masking.answer;
  way record;
  made record;
  had masking.messages;
  this_ask jsonb;
  closed text;
BEGIN
  PERFORM masking.check_batch(message_uuids, senders);
  FOR m IN
    SELECT a.place, a.message_uuid, a.sender, masking.caller_of(a.sender, a.proxy) AS person, a.proxy, a.kind, a.ask
    FROM unnest(message_uuids, senders, dialled, kinds, asks)
      WITH ORDINALITY AS a (message_uuid, sender, proxy, kind, ask, place)
    ORDER BY a.sender, a.message_uuid, a.place
  LOOP
    answer := NULL;
    answer.place := m.place;
    IF m.kind = 'apologised' THEN
      PERFORM masking.message_apology(m.message_uuid, m.person, m.proxy, m.ask);
      answer.outcome := m.kind;
      RETURN NEXT answer;
      CONTINUE;
    END IF;
    this_ask := jsonb_build_object('ask', m.ask);
    closed := NULL;
    -- The row first, whoever else asks about it: what was decided by then counts.
    SELECT * INTO had FROM masking.messages b WHERE b.message_uuid = m.message_uuid FOR UPDATE;
    IF had.outcome IS NULL OR had.outcome = 'apologised' AND NOT masking.has_outcome(had, this_ask) THEN
      SELECT w.* INTO way FROM masking.call_way(m.person, m.proxy) w;
      SELECT d.outcome, d.told INTO made
      FROM masking.decided_message(m.sender, m.person, m.proxy, m.kind, way.way, way.callee, way.shows, way.order_ids[1]) d;
      INSERT INTO masking.messages AS t
        (message_uuid, received_at, answered_at, proxy, ask, side, order_ids, route_id, outcome, told)
      VALUES (m.message_uuid, now(), clock_timestamp(), m.proxy, m.ask, way.side, way.order_ids, way.route_id,
        made.outcome, made.told)
      ON CONFLICT (message_uuid) DO UPDATE SET
        answered_at = EXCLUDED.answered_at, ask = EXCLUDED.ask, side = EXCLUDED.side,
        order_ids = EXCLUDED.order_ids, route_id = EXCLUDED.route_id, outcome = EXCLUDED.outcome, told = EXCLUDED.told,
        repeats = t.repeats + 1, earlier_outcomes = masking.other_outcomes(t, EXCLUDED.ask)
      WHERE t.outcome = 'apologised' AND NOT masking.has_outcome(t, jsonb_build_object('ask', EXCLUDED.ask))
      RETURNING t.* INTO had;
      IF NOT FOUND THEN -- somebody else's ask of this moment was first
        SELECT * INTO had FROM masking.messages b WHERE b.message_uuid = m.message_uuid;
      ELSIF masking.setting_on('feed_texts') AND (had.outcome IN ('blocked', 'opted_out', 'too_many')
        OR EXISTS (SELECT FROM masking.outcomes o WHERE o.kind = 'text' AND o.outcome = had.outcome AND o.briefly IS NOT NULL))
      THEN
        PERFORM masking.tell_text(had, had.outcome);
      END IF;
    ELSIF masking.has_outcome(had, this_ask) THEN
      closed := (SELECT e.value ->> 'outcome' FROM jsonb_array_elements(had.earlier_outcomes) e
        WHERE had.outcome = 'forwarded' AND e.value @> this_ask AND e.value ->> 'outcome' NOT IN ('forwarded', 'apologised'));
    ELSE
      closed := CASE had.outcome WHEN 'forwarded' THEN masking.way_closed(had, m.person) END;
      UPDATE masking.messages t SET
        ask = CASE WHEN closed IS NULL THEN m.ask ELSE t.ask END,
        repeats = t.repeats + 1,
        earlier_outcomes = CASE WHEN closed IS NULL THEN masking.other_outcomes(t, m.ask)
          ELSE coalesce(t.earlier_outcomes, '[]') || (this_ask || jsonb_build_object('outcome', closed)) END
      WHERE t.message_uuid = m.message_uuid;
    END IF;
    answer.outcome := coalesce(closed, had.outcome);
    IF answer.outcome = 'forwarded' THEN
      -- The route that it took, of the same sender.
      SELECT coalesce(r.dials, r.callee), nullif(r.proxy, m.proxy) INTO answer.counterpart, answer.shows FROM masking.routes r
      WHERE r.order_id = ANY (had.order_ids) AND r.route_id = had.route_id AND r.caller = m.person AND r.callee > 0
        AND r.callee <> masking.person(m.proxy);
      IF answer.counterpart IS NULL THEN
        answer.outcome := 'unknown_sender_quiet';
      END IF;
    END IF;
    IF had.told IS NOT NULL AND closed IS NULL THEN
      SELECT p.say, p.voice, p.language INTO answer.say, answer.voice, answer.language FROM masking.prompt(had.told, m.proxy) p;
    END IF;
    RETURN NEXT answer;
  END LOOP;
  -- Last, for these rows are in no order: who holds them waits for nobody.
  DELETE FROM masking.told_senders t
  WHERE (t.number, t.event) IN (
    SELECT o.number, o.event FROM masking.told_senders o
    WHERE o.told_at < now() - interval '1 hour'
    ORDER BY o.told_at
    LIMIT 2 * cardinality(message_uuids)
    FOR UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[], bigint[]) IS
  'Routes and records a batch of messages. kinds: text, text_and_picture and its like (there is more than the text, which is not sent on), start (START: a text, unless they had sent STOP), stop (STOP and its like: a text outside North America), why it is not to be forwarded, or apologised (that ask got no answer in time); counterpart: set exactly when it is forwarded; say: what the sender is sent. asks: as in answer_calls.';
GRANT EXECUTE ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[], bigint[]) TO masking_server;
