CREATE OR REPLACE FUNCTION masking.check_batch(ids text[], callers bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- No more than a server's batch, and one caller per call: whoever takes a server over could
  -- else ask about thousands of people in one statement, or leave one record of many questions.
  IF cardinality(ids) > 256 THEN
    RAISE EXCEPTION 'a batch has 256 requests at most' USING ERRCODE = '22023';
  END IF;
  IF cardinality(ids) > 1 AND EXISTS (
    SELECT FROM unnest(ids, callers) AS a (id, caller) GROUP BY a.id HAVING min(a.caller) <> max(a.caller))
  THEN
    RAISE EXCEPTION 'one id with two callers' USING ERRCODE = '22023';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.check_batch(text[], bigint[]) IS 'Refuses what no server asks in one statement.';

CREATE OR REPLACE FUNCTION masking.same_answers(asks bigint[], own_ask bigint, outcome text, side text, order_ids text[],
  route_id bigint) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_agg(jsonb_build_object('answered_at', now(), 'outcome', outcome, 'ask', a, 'side', side,
    'order_ids', order_ids, 'route_id', route_id))
  FROM unnest(asks) a
  WHERE a <> own_ask
$$;
COMMENT ON FUNCTION masking.same_answers(bigint[], bigint, text, text, text[], bigint) IS
  'The answer to an ask as earlier_answers, for the other asks of that call in one statement.';

CREATE OR REPLACE FUNCTION masking.answer_calls(call_uuids text[], callers bigint[], dialled bigint[], asks bigint[],
  support bigint DEFAULT NULL, may_ask boolean DEFAULT false, records boolean DEFAULT false)
RETURNS SETOF masking.answer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Who is reached, and the record of it: one statement for a whole batch, so that a call costs a
-- share of one round trip and one commit.
--   reads   routes (by caller and end of live: only what is not over), proxy_numbers, prompts,
--           settings, for strangers codes, code_failures; what heard_first reads
--   writes  calls, and with calls_per_hour pair_calls
--   locks   with calls_per_hour the pairs, in the order of their keys; rows of calls, in the order of their ids: two batches with calls in common wait for
--           each other instead of deadlocking, for the role's lock_timeout at most
--   who     the server
-- An ask is one time that Plivo asked. Its server may have to ask the database again (same ask),
-- and may have told the caller sorry meanwhile: then record_apologies names the ask, and what that
-- ask was answered here does not count, whichever of the two comes first.
#variable_conflict use_column
DECLARE
  answer masking.answer;
  cap CONSTANT integer := masking.setting_amount('calls_per_hour');
  greets CONSTANT boolean := masking.greets();
BEGIN
  PERFORM masking.check_batch(call_uuids, callers);
  IF cap > 0 THEN
    PERFORM masking.lock_pairs(masking.pairs_of(ARRAY(
      SELECT unnest(w.order_ids) FROM unnest(callers, dialled) AS a (caller, proxy)
      CROSS JOIN LATERAL masking.call_way(masking.caller_of(a.caller, a.proxy), a.proxy) w)));
  END IF;
  -- Not RETURN QUERY: a type that has got another column before this text fills it is no error here.
  FOR answer IN
  WITH asked AS (
    SELECT a.call_uuid, masking.caller_of(a.caller, a.proxy) AS caller, a.caller AS shown, a.proxy, a.ask, a.place
    FROM unnest(call_uuids, callers, dialled, asks)
    WITH ORDINALITY AS a (call_uuid, caller, proxy, ask, place)
  ), decided AS MATERIALIZED (
    SELECT a.place, a.call_uuid, a.caller, a.shown, a.proxy, a.ask, coalesce(r.side, s.side) AS side,
      coalesce(r.route_id, s.route_id) AS route_id, coalesce(r.order_ids, s.order_ids) AS order_ids,
      CASE WHEN w.outcome IN ('connected', 'support') THEN coalesce(r.dials, s.counterpart) END AS callee,
      s.digits, s.shows, w.outcome,
      CASE WHEN greets AND w.outcome = 'connected' THEN masking.heard_first(coalesce(r.order_ids, s.order_ids), a.proxy, s.shows) END AS heard
    FROM asked a
    LEFT JOIN LATERAL masking.reached(a.caller, a.proxy) r ON true
    -- Only who reaches nobody costs this, and the prompt below: OFFSET 0 keeps
    -- the condition under the join, where it decides whether to call at all.
    LEFT JOIN LATERAL (
      SELECT * FROM masking.stranger(a.caller, a.proxy, support, may_ask)
      WHERE r.callee IS NULL AND a.proxy IS NOT NULL OFFSET 0
    ) s ON true
    CROSS JOIN LATERAL (
      SELECT CASE
        WHEN a.proxy IS NULL THEN 'bad_dialled_number'
        WHEN a.caller = masking.person(a.proxy) THEN 'from_proxy'
        WHEN r.callee IS NULL AND s.outcome <> 'connected' THEN s.outcome
        WHEN r.blocked THEN 'blocked'
        WHEN cap > 0 AND NOT masking.may_ring(a.call_uuid, coalesce(r.order_ids, s.order_ids), cap) THEN 'too_many_calls'
        ELSE 'connected'
      END AS outcome OFFSET 0
    ) w
  ), recorded AS (
    INSERT INTO masking.calls AS c
      (call_uuid, called_at, answered_at, proxy, ask, side, order_ids, route_id, outcome, repeats, earlier_answers,
      caller_hash, caller_digits)
    SELECT d.call_uuid, now(), now(), d.proxy, d.ask, d.side, d.order_ids, d.route_id, d.outcome,
      cardinality(d.asks) - 1,
      CASE WHEN cardinality(d.asks) > 1
        THEN masking.same_answers(d.asks, d.ask, d.outcome, d.side, d.order_ids, d.route_id) END,
      CASE WHEN d.outcome <> 'connected' THEN masking.hash_if_keyed(d.caller) END,
      CASE WHEN d.outcome <> 'connected' THEN right(d.shown::text, 2) END
    FROM (
      SELECT DISTINCT ON (e.call_uuid) e.*, array_agg(e.ask) OVER (PARTITION BY e.call_uuid) AS asks
      FROM decided e
      ORDER BY e.call_uuid, e.place DESC
    ) d
    ON CONFLICT (call_uuid) DO UPDATE SET
      called_at = CASE c.outcome WHEN 'not_asked' THEN EXCLUDED.called_at ELSE c.called_at END,
      answered_at = EXCLUDED.answered_at,
      proxy = EXCLUDED.proxy,
      ask = EXCLUDED.ask,
      side = EXCLUDED.side,
      order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id,
      outcome = EXCLUDED.outcome,
      caller_hash = EXCLUDED.caller_hash,
      caller_digits = EXCLUDED.caller_digits,
      repeats = c.repeats + coalesce(c.ask <> EXCLUDED.ask, false)::integer
        + coalesce(jsonb_array_length(masking.new_answers(c, EXCLUDED.earlier_answers)), 0),
      earlier_answers = masking.earlier_answers(c, EXCLUDED.ask, EXCLUDED.earlier_answers)
    -- A late repeat of the question does not undo what the code led to.
    WHERE NOT masking.is_settled(c, EXCLUDED.ask)
      AND (EXCLUDED.outcome = 'ask_code' AND c.earlier_answers @> '[{"outcome": "ask_code"}]') IS NOT TRUE
  )
  SELECT d.place::integer, d.outcome, d.callee, p.say, p.voice, p.language, d.digits, d.shows,
    (d.heard).greet_say, (d.heard).greet_voice, (d.heard).greet_language, (d.heard).greets_callee
  FROM decided d
  LEFT JOIN LATERAL (
    SELECT * FROM masking.prompt(CASE d.outcome WHEN 'connected' THEN 'recorded' ELSE d.outcome END, d.proxy)
    WHERE d.outcome <> 'connected' OR records OFFSET 0
  ) p ON true
  LOOP
    RETURN NEXT answer;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.answer_calls(text[], bigint[], bigint[], bigint[], bigint, boolean, boolean) IS
  'Routes and records a batch of calls. counterpart: set exactly when outcome is connected or support. What the caller hears is why nobody is rung, or with records that the call is recorded; before that, what heard_first has. asks: a number for each time Plivo asked, never used again; support: whom to ring for strangers; may_ask: they can be asked for codes, of so many digits.';
GRANT EXECUTE ON FUNCTION masking.answer_calls(text[], bigint[], bigint[], bigint[], bigint, boolean, boolean) TO masking_server;
