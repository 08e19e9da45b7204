-- Deploy number-masking:answer_codes to pg
--
-- A caller whose phone we do not know entered a code. Guesses of one caller are
-- looked at one after the other, however many calls he makes at once: else a
-- hundred calls would have a hundred guesses before the first is counted. What
-- they lock is a keyed hash of the caller's number: anybody can read pg_locks.

BEGIN;
SET LOCAL ROLE masking_owner;

-- By the clock: the batch may have waited since now(), which is when it came.
CREATE FUNCTION masking.reached_by_code(caller bigint, proxy bigint, code text)
RETURNS TABLE (callee bigint, side text, route_id bigint, order_ids text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT n.callee, c.side,
    (SELECT max(r.route_id) FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = c.side AND r.callee = n.callee AND upper(r.live) > clock_timestamp()),
    ARRAY[o.order_id::text]
  FROM masking.codes c
  JOIN masking.orders o ON o.order_id = c.order_id AND o.forgotten_at IS NULL
  CROSS JOIN LATERAL (
    SELECT CASE c.side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END::bigint AS callee) n
  WHERE c.code = reached_by_code.code AND (c.proxy = reached_by_code.proxy OR c.proxy IS NULL)
    AND c.live && tstzrange(now(), NULL) AND upper(c.live) > clock_timestamp()
    AND n.callee NOT IN (reached_by_code.caller, reached_by_code.proxy);
END
$$;
COMMENT ON FUNCTION masking.reached_by_code(bigint, bigint, text) IS
  'Whom a code entered on a number leads to; no row: nobody, or the caller himself.';

CREATE FUNCTION masking.count_failure(the_call text, the_attempt integer, caller bigint, proxy bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM masking.code_failures f
  WHERE (f.call_uuid, f.attempt) IN (
    SELECT o.call_uuid, o.attempt FROM masking.code_failures o
    WHERE o.failed_at < now() - interval '1 day'
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

CREATE TYPE masking.code_answer AS (
  place integer, call_uuid text, proxy bigint, outcome text, callee bigint, side text, route_id bigint,
  order_ids text[]);
COMMENT ON TYPE masking.code_answer IS 'What was decided about one code.';

CREATE FUNCTION masking.decided_code(
  place integer, call_uuid text, caller bigint, proxy bigint, attempt integer, code text)
RETURNS masking.code_answer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tries CONSTANT integer := 3;
  way record;
  outcome text := 'wrong_code';
BEGIN
  SELECT r.* INTO way FROM masking.reached_by_code(caller, proxy, code) r WHERE masking.codes_are_on();
  IF caller IS NULL OR proxy IS NULL THEN
    outcome := CASE WHEN caller IS NULL THEN 'no_caller_id' ELSE 'bad_dialled_number' END;
  ELSIF masking.is_locked_out(caller) THEN
    outcome := 'locked_out';
  ELSIF way.callee IS NOT NULL THEN
    outcome := 'connected';
  ELSE
    PERFORM masking.count_failure(call_uuid, attempt, caller, proxy);
    IF masking.is_locked_out(caller) THEN
      outcome := 'locked_out';
    ELSIF attempt >= tries THEN
      outcome := 'code_refused';
    END IF;
  END IF;
  IF outcome <> 'connected' THEN
    RETURN ROW(place, call_uuid, proxy, outcome, NULL, NULL, NULL, NULL)::masking.code_answer;
  END IF;
  RETURN ROW(place, call_uuid, proxy, outcome, way.callee, way.side, way.route_id, way.order_ids)::masking.code_answer;
END
$$;
COMMENT ON FUNCTION masking.decided_code(integer, text, bigint, bigint, integer, text) IS
  'Whom a code leads to, or why to nobody; counts it then.';

CREATE FUNCTION masking.answer_codes(
  call_uuids text[], callers bigint[], dialled bigint[], attempts bigint[], codes text[])
RETURNS TABLE (place integer, outcome text, counterpart bigint, say text, voice text, language text, digits integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  -- What a later answer about the same call may replace: only what is to its left.
  ranks CONSTANT text[] := ARRAY['ask_code', 'wrong_code', 'code_refused', 'locked_out', 'connected'];
  asked record;
  decided masking.code_answer[] := '{}';
BEGIN
  FOR asked IN
    SELECT a.*, hashint8(masking.hashed(a.caller)) AS lock
    FROM unnest(call_uuids, callers, dialled, attempts, codes)
      WITH ORDINALITY AS a (call_uuid, caller, proxy, attempt, code, place)
    ORDER BY lock, a.caller, a.call_uuid, a.attempt
  LOOP
    PERFORM pg_advisory_xact_lock(hashtext('masking.codes'), asked.lock);
    decided := decided || masking.decided_code(asked.place::integer, asked.call_uuid, asked.caller,
      asked.proxy, asked.attempt::integer, asked.code);
  END LOOP;

  -- Rows in the order of their ids, as everybody writes them.
  INSERT INTO masking.calls AS c
    (call_uuid, called_at, answered_at, proxy, side, order_ids, route_id, outcome)
  SELECT DISTINCT ON (d.call_uuid) d.call_uuid, now(), now(), d.proxy, d.side, d.order_ids, d.route_id, d.outcome
  FROM unnest(decided) d
  ORDER BY d.call_uuid, array_position(ranks, d.outcome) DESC NULLS LAST
  ON CONFLICT (call_uuid) DO UPDATE SET
    answered_at = EXCLUDED.answered_at,
    proxy = coalesce(c.proxy, EXCLUDED.proxy),
    side = EXCLUDED.side,
    order_ids = EXCLUDED.order_ids,
    route_id = EXCLUDED.route_id,
    outcome = EXCLUDED.outcome,
    earlier_answers = masking.earlier_answers(c, EXCLUDED.outcome, EXCLUDED.route_id)
  WHERE coalesce(array_position(ranks, c.outcome), 0) < array_position(ranks, EXCLUDED.outcome);

  RETURN QUERY
  SELECT d.place, d.outcome, d.callee, p.say, p.voice, p.language,
    CASE d.outcome WHEN 'wrong_code' THEN masking.code_digits(d.proxy) END
  FROM unnest(decided) d
  LEFT JOIN LATERAL masking.prompt(nullif(d.outcome, 'connected'), d.proxy) p ON true;
END
$$;
COMMENT ON FUNCTION masking.answer_codes(text[], bigint[], bigint[], bigint[], text[]) IS
  'Routes and records a batch of entered codes. counterpart: set exactly when outcome is connected; with wrong_code, which may be tried again, digits says how many to wait for.';

GRANT EXECUTE ON FUNCTION masking.answer_codes(text[], bigint[], bigint[], bigint[], text[]) TO masking_server;

COMMIT;
