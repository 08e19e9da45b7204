-- By the clock: the batch may have waited since now(), which is when it came.
CREATE OR REPLACE FUNCTION masking.reached_by_code(caller bigint, proxy bigint, code text)
RETURNS TABLE (callee bigint, dials bigint, side text, route_id bigint, order_ids text[], blocked boolean, misleads boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT n.callee, masking.dialled(o, masking.other(c.side)), c.side,
    (SELECT max(r.route_id) FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = c.side AND r.callee = n.callee
        AND masking.is_live(r.live, r.closed, clock_timestamp())),
    ARRAY[o.order_id::text],
    masking.is_blocked(o, c.side, reached_by_code.caller, n.callee),
    c.proxy IS NULL AND o.unmasked_since IS NOT NULL AND EXISTS (
      SELECT FROM masking.call_way(n.callee, reached_by_code.proxy) back
      WHERE back.way = 'connected' AND back.callee <> masking.party(o, c.side))
  FROM masking.codes c
  JOIN masking.orders o ON o.order_id = c.order_id AND o.forgotten_at IS NULL
  CROSS JOIN LATERAL (SELECT masking.party(o, masking.other(c.side)) AS callee) n
  WHERE c.code = reached_by_code.code AND (c.proxy = reached_by_code.proxy OR c.proxy IS NULL)
    AND c.live && tstzrange(now(), NULL) AND masking.is_live(c.live, c.closed, clock_timestamp())
    AND n.callee IS DISTINCT FROM reached_by_code.caller AND n.callee <> masking.person(reached_by_code.proxy);
END
$$;
COMMENT ON FUNCTION masking.reached_by_code(bigint, bigint, text) IS
  'Whom a code entered on a number leads to; no row: nobody, or the caller himself. misleads: the order waits, and its callee would reach somebody else on the number that is shown.';

CREATE OR REPLACE FUNCTION masking.count_failure(the_call text, the_attempt integer, caller bigint, proxy bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM masking.code_failures f
  WHERE (f.call_uuid, f.attempt) IN (
    SELECT o.call_uuid, o.attempt FROM masking.code_failures o
    WHERE o.failed_at < now() - interval '24 hours'
    ORDER BY o.failed_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED);
  INSERT INTO masking.code_failures (call_uuid, attempt, caller, proxy, failed_at)
  VALUES (the_call, the_attempt, caller, proxy, now())
  ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION masking.count_failure(text, integer, bigint, bigint) IS
  'Remembers a wrong code, once however often Plivo tells of it, and forgets those older than a day.';

CREATE OR REPLACE FUNCTION masking.decided_code(
  caller bigint, proxy bigint, the_call text, attempt integer, code text,
  OUT outcome text, OUT dials bigint, OUT side text, OUT route_id bigint, OUT order_ids text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  tries CONSTANT integer := masking.code_tries();
  locked CONSTANT text := CASE WHEN caller IS NULL THEN 'no_caller_id' ELSE 'locked_out' END;
  way record;
BEGIN
  outcome := 'wrong_code';
  SELECT r.* INTO way FROM masking.reached_by_code(caller, proxy, code) r WHERE masking.setting_on('codes');
  IF proxy IS NULL THEN
    outcome := 'bad_dialled_number';
  ELSIF caller = masking.person(proxy) OR masking.is_proxy(caller) THEN
    outcome := 'from_proxy';
  ELSIF masking.is_locked_out(caller, proxy) THEN
    outcome := locked;
  ELSIF way.callee IS NOT NULL THEN
    outcome := CASE
      WHEN way.blocked THEN 'blocked'
      WHEN way.misleads THEN 'order_waiting'
      WHEN masking.may_ring(the_call, way.order_ids, masking.setting_amount('calls_per_hour')) THEN 'connected'
      ELSE 'too_many_calls'
    END;
    dials := CASE outcome WHEN 'connected' THEN way.dials END;
    side := way.side;
    route_id := way.route_id;
    order_ids := way.order_ids;
  ELSE
    PERFORM masking.count_failure(the_call, attempt, caller, proxy);
    IF masking.is_locked_out(caller, proxy) THEN
      outcome := locked;
    ELSIF attempt >= tries THEN
      outcome := 'code_refused';
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.decided_code(bigint, bigint, text, integer, text) IS
  'Whom a code leads to, or why to nobody; counts it then.';

CREATE OR REPLACE FUNCTION masking.answer_codes(
  call_uuids text[], callers bigint[], dialled bigint[], attempts bigint[], codes text[], asks bigint[])
RETURNS SETOF masking.answer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- A caller whose phone is not known entered a code. Guesses of one caller, and those on one number, are looked at
-- one after the other, however many calls are made at once: else a hundred calls would have a hundred
-- guesses before the first is counted. Those who hide their number are one caller on each number.
--   reads   codes, orders, routes, settings, prompts; what heard_first reads
--   writes  code_failures, calls, and with calls_per_hour pair_calls
--   locks   one advisory lock per caller and per number, in the order of their keys: the key is a keyed hash,
--           since anybody can read pg_locks; then with calls_per_hour the pairs, as answer_calls; then
--           rows of calls, in the order of their ids, as everybody writes them
--   who     the server, a batch at a time; the same ask again gets an answer anew
#variable_conflict use_column
DECLARE
  -- What a later answer about the same call may replace: only what is to its left.
  ranks CONSTANT text[] := ARRAY(SELECT o.outcome FROM masking.outcomes o WHERE o.kind = 'call' AND o.rank IS NOT NULL ORDER BY o.rank);
  asked record;
  one record;
  answer masking.answer;
  greets CONSTANT boolean := masking.greets();
BEGIN
  PERFORM masking.check_batch(call_uuids, callers);
  FOR asked IN
    SELECT DISTINCT masking.lock_key(k.number) AS lock
    FROM unnest(callers, dialled) AS a (caller, proxy), unnest(ARRAY[masking.caller_of(a.caller, a.proxy), a.proxy]) AS k (number)
    ORDER BY lock
  LOOP
    PERFORM pg_advisory_xact_lock(hashtext('masking.codes'), asked.lock);
  END LOOP;
  IF masking.setting_amount('calls_per_hour') > 0 THEN
    PERFORM masking.lock_pairs(masking.pairs_of(ARRAY(
      SELECT unnest(r.order_ids) FROM unnest(callers, dialled, codes) AS a (caller, proxy, code)
      CROSS JOIN LATERAL masking.reached_by_code(masking.caller_of(a.caller, a.proxy), a.proxy, a.code) r)));
  END IF;

  FOR asked IN
    SELECT a.*, masking.caller_of(a.caller, a.proxy) AS person
    FROM unnest(call_uuids, callers, dialled, attempts, codes, asks)
      WITH ORDINALITY AS a (call_uuid, caller, proxy, attempt, code, ask, place)
    ORDER BY a.call_uuid, a.attempt
  LOOP
    SELECT d.* INTO one
    FROM masking.decided_code(asked.person, asked.proxy, asked.call_uuid, asked.attempt::integer, asked.code) d;
    INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, proxy, ask, side, order_ids, route_id, outcome,
      caller_hash, caller_digits)
    VALUES (asked.call_uuid, now(), now(), asked.proxy, asked.ask, one.side, one.order_ids, one.route_id, one.outcome,
      CASE WHEN one.outcome <> 'connected' THEN masking.hash_if_keyed(asked.person) END,
      CASE WHEN one.outcome <> 'connected' THEN right(asked.caller::text, 2) END)
    ON CONFLICT (call_uuid) DO UPDATE SET
      answered_at = EXCLUDED.answered_at,
      proxy = coalesce(c.proxy, EXCLUDED.proxy),
      ask = EXCLUDED.ask,
      side = EXCLUDED.side,
      order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id,
      outcome = EXCLUDED.outcome,
      caller_hash = EXCLUDED.caller_hash,
      caller_digits = EXCLUDED.caller_digits,
      earlier_answers = masking.earlier_answers(c, EXCLUDED.ask)
    WHERE coalesce(array_position(ranks, c.outcome), 0) < array_position(ranks, EXCLUDED.outcome)
      AND NOT masking.is_settled(c, EXCLUDED.ask);
    answer := CASE WHEN greets AND one.outcome = 'connected' THEN masking.heard_first(one.order_ids, asked.proxy) END;
    answer.place := asked.place;
    answer.outcome := one.outcome;
    answer.counterpart := one.dials;
    answer.digits := CASE one.outcome WHEN 'wrong_code' THEN masking.code_digits(asked.proxy) END;
    SELECT p.say, p.voice, p.language INTO answer.say, answer.voice, answer.language
    FROM masking.prompt(nullif(one.outcome, 'connected'), asked.proxy) p;
    RETURN NEXT answer;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.answer_codes(text[], bigint[], bigint[], bigint[], text[], bigint[]) IS
  'Routes and records a batch of entered codes. counterpart: set exactly when outcome is connected; with wrong_code, which may be tried again, digits says how many to wait for. asks: as in answer_calls.';
GRANT EXECUTE ON FUNCTION masking.answer_codes(text[], bigint[], bigint[], bigint[], text[], bigint[]) TO masking_server;
