-- true once an hour for each stranger, also if many ask at the same moment.
CREATE OR REPLACE FUNCTION masking.may_be_told(stranger bigint) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO masking.told_strangers AS t (number, told_at) VALUES (stranger, now())
  ON CONFLICT (number) DO UPDATE SET told_at = now()
  WHERE t.told_at < now() - interval '1 hour';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.may_be_told(bigint) IS
  'Whether a stranger may be sent the sentence now; remembers that it was.';

CREATE OR REPLACE FUNCTION masking.message_outcome(sender bigint, proxy bigint, kind text, callee bigint, blocked boolean, before text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE
    WHEN proxy IS NULL THEN 'bad_number'
    WHEN sender IS NULL THEN 'no_sender'
    WHEN sender = proxy OR EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = sender)
    THEN 'from_proxy'
    WHEN kind <> 'text' THEN kind
    WHEN blocked THEN 'blocked'
    WHEN callee IS NOT NULL THEN 'forwarded'
    WHEN before IN ('unknown_sender', 'unknown_sender_quiet') THEN before
    WHEN masking.may_be_told(sender) THEN 'unknown_sender'
    ELSE 'unknown_sender_quiet'
  END;
END
$$;
COMMENT ON FUNCTION masking.message_outcome(bigint, bigint, text, bigint, boolean, text) IS
  'What becomes of a message; before: what became of it when Plivo told of it earlier.';

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

CREATE OR REPLACE FUNCTION masking.message_apology(the_message text, person bigint, the_proxy bigint, the_ask bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The sender was told that the text did not pass, or heard nothing, so it comes again: this beats
-- what the same ask was answered, before or after it. A text that another ask sent on was sent on.
DECLARE
  m masking.messages;
  apology CONSTANT jsonb := jsonb_build_object('ask', the_ask, 'outcome', 'apologised');
  others jsonb;
  heard jsonb;
BEGIN
  INSERT INTO masking.messages (message_uuid, received_at, answered_at, proxy, ask, side, order_ids, route_id, outcome)
  SELECT the_message, now(), clock_timestamp(), the_proxy, the_ask, r.side, r.order_ids, r.route_id, 'apologised'
  FROM (VALUES (1)) AS one (row)
  LEFT JOIN LATERAL masking.reached(person, the_proxy) r ON true
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
-- any other stranger gets one sentence an hour, whatever number it writes to.
--   reads   routes, proxy_numbers, prompts
--   writes  messages, told_strangers
--   locks   rows of both, one message after the other in the order of senders: two batches wait
--           for each other instead of deadlocking
--   who     the server
#variable_conflict use_column
DECLARE
  m record;
  answer masking.answer;
  way record;
  had masking.messages;
  decided text;
BEGIN
  PERFORM masking.check_batch(message_uuids, senders);
  FOR m IN
    SELECT a.place, a.message_uuid, a.sender, masking.person(a.sender) AS person, a.proxy, a.kind, a.ask
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
    SELECT * INTO had FROM masking.messages b WHERE b.message_uuid = m.message_uuid;
    SELECT r.callee, r.side, r.route_id, r.order_ids, r.blocked INTO way FROM masking.reached(m.person, m.proxy) r;
    decided := masking.message_outcome(m.person, m.proxy, m.kind, way.callee, way.blocked, had.outcome);
    INSERT INTO masking.messages AS t
      (message_uuid, received_at, answered_at, proxy, ask, side, order_ids, route_id, outcome)
    VALUES (m.message_uuid, now(), clock_timestamp(), m.proxy, m.ask, way.side, way.order_ids, way.route_id, decided)
    ON CONFLICT (message_uuid) DO UPDATE SET
      answered_at = EXCLUDED.answered_at, ask = EXCLUDED.ask, side = EXCLUDED.side, order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id, outcome = EXCLUDED.outcome,
      repeats = t.repeats + coalesce(t.ask <> EXCLUDED.ask, false)::integer,
      earlier_outcomes = masking.other_outcomes(t, EXCLUDED.ask)
    -- An ask whose sender heard the apology, or after which another was answered, sent nothing on.
    WHERE NOT (t.ask = EXCLUDED.ask AND t.outcome = 'apologised'
      OR t.earlier_outcomes IS NOT NULL
        AND t.earlier_outcomes @> jsonb_build_array(jsonb_build_object('ask', EXCLUDED.ask)));
    answer.outcome := decided;
    IF decided = 'forwarded' THEN
      answer.counterpart := way.callee;
    ELSIF decided = 'unknown_sender' THEN
      SELECT p.say, p.voice, p.language INTO answer.say, answer.voice, answer.language FROM masking.prompt(decided, m.proxy) p;
    END IF;
    RETURN NEXT answer;
  END LOOP;
  -- Last, for these rows are in no order: who holds them waits for nobody.
  DELETE FROM masking.told_strangers t
  WHERE t.number IN (
    SELECT o.number FROM masking.told_strangers o
    WHERE o.told_at < now() - interval '1 hour'
    ORDER BY o.told_at
    LIMIT 2 * cardinality(message_uuids)
    FOR UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[], bigint[]) IS
  'Routes and records a batch of messages. kinds: text, why it is not to be forwarded, or apologised (that ask got no answer in time); counterpart: set exactly when it is forwarded; say: what the sender is sent instead. asks: as in answer_calls.';
GRANT EXECUTE ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[], bigint[]) TO masking_server;
