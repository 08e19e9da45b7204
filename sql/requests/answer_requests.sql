CREATE OR REPLACE FUNCTION masking.bound_request(the_request text, the_call text) RETURNS masking.requests
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The request that Plivo asks about, locked; NULL: none of that id was placed, or it is another call's. The first call
-- that is asked about binds it. (A call that is unknown is not any more. A request that waits again was not placed: a call
-- for it is somebody else's doing.)
--   writes  requests
--   who     answer_requests, end_requests
DECLARE
  r masking.requests;
BEGIN
  SELECT k.* INTO r FROM masking.requests k WHERE k.request_id = the_request FOR NO KEY UPDATE;
  IF r.call_uuid = the_call THEN
    RETURN r;
  ELSIF r.call_uuid IS NOT NULL OR r.state NOT IN ('placing', 'ringing', 'unknown') THEN
    RETURN NULL;
  END IF;
  UPDATE masking.requests k SET state = 'ringing', call_uuid = the_call WHERE k.request_id = the_request RETURNING * INTO r;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.bound_request(text, text) IS
  'The request that this call of Plivo''s is for, from now on whatever else comes; NULL: there is none.';

CREATE OR REPLACE FUNCTION masking.decided_request(r masking.requests, rung bigint, the_call text, key text, is_first boolean,
  OUT outcome text, OUT dials bigint, OUT route_id bigint, OUT order_ids text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Somebody who was rung for a request answered, or pressed a key.
DECLARE
  way record;
BEGIN
  order_ids := ARRAY[r.order_id];
  IF is_first AND r.expires_at <= clock_timestamp() THEN
    outcome := 'request_expired'; -- it waited at Plivo
    RETURN;
  END IF;
  SELECT * INTO way FROM masking.request_way(r, rung, r.proxy);
  outcome := CASE
    WHEN way.outcome <> 'connected' THEN way.outcome
    -- A mailbox presses none.
    WHEN key IS DISTINCT FROM '1' THEN 'ask_key'
    WHEN masking.may_ring(the_call, way.order_ids, masking.setting_amount('calls_per_hour')) THEN 'connected'
    ELSE 'too_many_calls'
  END;
  dials := CASE outcome WHEN 'connected' THEN way.dials END;
  route_id := way.route_id;
  -- The first is the one that is named, whichever connected the two last.
  order_ids := order_ids || array_remove(way.order_ids, r.order_id);
END
$$;
COMMENT ON FUNCTION masking.decided_request(masking.requests, bigint, text, text, boolean) IS
  'Whom a call that we placed is to ring next, or why nobody; counts it where it rings.';

CREATE OR REPLACE FUNCTION masking.answer_requests(
  call_uuids text[], request_ids text[], rung bigint[], shown bigint[], keys text[], asks bigint[], records boolean DEFAULT false)
RETURNS SETOF masking.answer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The first phone of a call that we placed was answered (key ''), or its key was pressed. It is asked again what was asked
-- when the call was asked for; then it is asked for the key; with the key the other side is rung.
--   reads   requests, orders, routes, settings, prompts; what heard_first reads
--   writes  requests, calls, and with calls_per_hour pair_calls
--   locks   requests, in the order of their ids; with calls_per_hour the pairs, as answer_calls; then rows of calls, in the
--           order of their ids
--   who     the server, a batch at a time; the same ask again gets an answer anew
#variable_conflict use_column
DECLARE
  asked record;
  one record;
  r masking.requests;
  answer masking.answer;
  greets CONSTANT boolean := masking.greets();
BEGIN
  PERFORM masking.check_batch(call_uuids, rung);
  PERFORM FROM masking.requests k WHERE k.request_id = ANY (request_ids) ORDER BY k.request_id FOR NO KEY UPDATE;
  IF masking.setting_amount('calls_per_hour') > 0 THEN
    PERFORM masking.lock_pairs(masking.pairs_of(ARRAY(SELECT k.order_id FROM masking.requests k WHERE k.request_id = ANY (request_ids))));
  END IF;
  FOR asked IN
    SELECT a.* FROM unnest(call_uuids, request_ids, rung, shown, keys, asks)
      WITH ORDINALITY AS a (call_uuid, request_id, rung, shown, key, ask, place)
    ORDER BY a.call_uuid, a.key
  LOOP
    r := masking.bound_request(asked.request_id, asked.call_uuid);
    IF r.request_id IS NULL THEN
      SELECT 'not_requested' AS outcome, NULL::bigint AS dials, NULL::bigint AS route_id, NULL::text[] AS order_ids INTO one;
    ELSE
      SELECT d.* INTO one
      FROM masking.decided_request(r, asked.rung, asked.call_uuid, asked.key, asked.key = ''
        AND NOT EXISTS (SELECT FROM masking.calls c WHERE c.call_uuid = asked.call_uuid AND c.ask IS NOT NULL AND c.outcome <> 'request_expired')) d;
    END IF;
    INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, proxy, ask, side, order_ids, route_id, outcome, placed)
    VALUES (asked.call_uuid, now(), now(), coalesce(r.proxy, asked.shown), asked.ask, r.side, one.order_ids, one.route_id, one.outcome, true)
    ON CONFLICT (call_uuid) DO UPDATE SET
      called_at = CASE c.outcome WHEN 'not_asked' THEN EXCLUDED.called_at ELSE c.called_at END,
      answered_at = EXCLUDED.answered_at,
      proxy = EXCLUDED.proxy,
      ask = EXCLUDED.ask,
      side = EXCLUDED.side,
      order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id,
      outcome = EXCLUDED.outcome,
      placed = true,
      repeats = c.repeats + coalesce(asked.key = '' AND c.ask <> EXCLUDED.ask, false)::integer,
      earlier_answers = masking.earlier_answers(c, EXCLUDED.ask)
    -- A late repeat of the question does not undo what the key led to.
    WHERE NOT masking.is_settled(c, EXCLUDED.ask)
      AND (EXCLUDED.outcome = 'ask_key' AND c.earlier_answers @> '[{"outcome": "ask_key"}]') IS NOT TRUE;
    answer := CASE WHEN greets AND one.outcome = 'connected' THEN masking.heard_first(ARRAY[r.order_id], r.proxy) END;
    answer.place := asked.place;
    answer.outcome := one.outcome;
    answer.counterpart := one.dials;
    answer.shows := r.proxy;
    answer.digits := CASE one.outcome WHEN 'ask_key' THEN 1 END;
    SELECT p.say, p.voice, p.language INTO answer.say, answer.voice, answer.language
    FROM masking.prompt(CASE one.outcome WHEN 'connected' THEN 'recorded' ELSE one.outcome END, coalesce(r.proxy, asked.shown)) p
    WHERE one.outcome <> 'connected' OR records;
    RETURN NEXT answer;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.answer_requests(text[], text[], bigint[], bigint[], text[], bigint[], boolean) IS
  'Routes and records a batch of calls that we placed and that were answered. rung: the phone that answered; shown: the number that it saw; keys: what was pressed, '''' before. counterpart: set exactly when outcome is connected. asks, records: as in answer_calls.';
GRANT EXECUTE ON FUNCTION masking.answer_requests(text[], text[], bigint[], bigint[], text[], bigint[], boolean) TO masking_server;
