-- Deploy number-masking:answer_calls to pg
--
-- The server's questions. One statement routes and records a whole batch, so
-- that a call costs a share of one round trip and one commit.
--
-- The planner settings are pinned because plans are cached per connection: one
-- made while the tables were empty would otherwise read them whole for as long
-- as nobody analysed them. Rows are written in the order of their UUIDs, so two
-- batches with calls in common wait for each other instead of deadlocking.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.answer_calls(call_uuids text[], callers bigint[], dialled bigint[],
  support bigint DEFAULT NULL, may_ask boolean DEFAULT false, records boolean DEFAULT false)
RETURNS TABLE (place integer, outcome text, counterpart bigint, say text, voice text, language text, digits integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH asked AS (
    SELECT * FROM unnest(call_uuids, callers, dialled)
    WITH ORDINALITY AS a (call_uuid, caller, proxy, place)
  ), decided AS MATERIALIZED (
    SELECT a.place, a.call_uuid, a.proxy, r.side, r.route_id, r.order_ids,
      coalesce(r.callee, s.counterpart) AS callee, s.digits,
      CASE
        WHEN a.proxy IS NULL THEN 'bad_dialled_number'
        WHEN a.caller IS NULL THEN 'no_caller_id'
        WHEN r.callee IS NULL THEN s.outcome
        ELSE 'connected'
      END AS outcome
    FROM asked a
    LEFT JOIN LATERAL (
      -- One callee by constraint; a clock set back could show two, and then
      -- nobody is connected rather than the wrong one. The side is that of the
      -- latest route: carried in the lowest bit, it costs no sort.
      SELECT max(r.callee) AS callee, max(r.route_id) AS route_id,
        array_agg(r.order_id) AS order_ids,
        CASE max(r.route_id * 2 + (r.side = 'agent')::integer) % 2
          WHEN 0 THEN 'customer'
          WHEN 1 THEN 'agent'
        END AS side
      FROM masking.routes r
      -- now() is for the index. The clock is read after the routes were, so that
      -- no swap falls between the two and leaves both counterparts to be seen.
      WHERE r.caller = a.caller AND upper(r.live) > now() AND upper(r.live) > clock_timestamp()
        AND (r.proxy = a.proxy OR r.proxy IS NULL)
      HAVING min(r.callee) = max(r.callee) AND max(r.callee) <> a.proxy
    ) r ON true
    -- Only who reaches nobody costs this, and the prompt below: OFFSET 0 keeps
    -- the condition under the join, where it decides whether to call at all.
    LEFT JOIN LATERAL (
      SELECT * FROM masking.stranger(a.caller, a.proxy, support, may_ask)
      WHERE r.callee IS NULL AND a.caller IS NOT NULL AND a.proxy IS NOT NULL OFFSET 0
    ) s ON true
  ), recorded AS (
    INSERT INTO masking.calls AS c
      (call_uuid, called_at, answered_at, proxy, side, order_ids, route_id, outcome, repeats)
    SELECT DISTINCT ON (d.call_uuid) d.call_uuid, now(), now(), d.proxy, d.side, d.order_ids,
      d.route_id, d.outcome, count(*) OVER (PARTITION BY d.call_uuid) - 1
    FROM decided d
    ORDER BY d.call_uuid, d.place DESC
    ON CONFLICT (call_uuid) DO UPDATE SET
      called_at = CASE c.outcome WHEN 'not_asked' THEN EXCLUDED.called_at ELSE c.called_at END,
      answered_at = EXCLUDED.answered_at,
      proxy = EXCLUDED.proxy,
      side = EXCLUDED.side,
      order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id,
      outcome = EXCLUDED.outcome,
      repeats = c.repeats + (c.outcome <> 'not_asked')::integer + EXCLUDED.repeats,
      earlier_answers = masking.earlier_answers(c, EXCLUDED.outcome, EXCLUDED.route_id)
    -- Not if it was held up, by a lock perhaps, while its caller heard the apology;
    -- and a late repeat of the question does not undo what the code led to.
    WHERE (c.outcome <> 'apologised' OR c.answered_at <= EXCLUDED.answered_at)
      AND (EXCLUDED.outcome = 'ask_code' AND c.earlier_answers @> '[{"outcome": "ask_code"}]') IS NOT TRUE
  )
  SELECT d.place::integer, d.outcome, d.callee, p.say, p.voice, p.language, d.digits
  FROM decided d
  LEFT JOIN LATERAL (
    SELECT * FROM masking.prompt(CASE d.outcome WHEN 'connected' THEN 'recorded' ELSE d.outcome END, d.proxy)
    WHERE d.outcome <> 'connected' OR records OFFSET 0
  ) p ON true;
END
$$;

CREATE FUNCTION masking.earlier_answers(before masking.calls, new_outcome text, new_route bigint)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN before.outcome = 'not_asked'
      OR before.outcome = new_outcome AND before.route_id IS NOT DISTINCT FROM new_route
    THEN before.earlier_answers
    ELSE coalesce(before.earlier_answers, '[]') || jsonb_build_object(
      'answered_at', before.answered_at, 'outcome', before.outcome,
      'order_ids', before.order_ids, 'route_id', before.route_id)
  END
$$;

CREATE FUNCTION masking.record_apologies(
  call_uuids text[], dialled bigint[], seconds_ago double precision[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, proxy, outcome)
  SELECT DISTINCT ON (a.call_uuid) a.call_uuid, a.at, a.at, a.proxy, 'apologised'
  FROM (
    SELECT u.call_uuid, u.proxy, now() - make_interval(secs => greatest(u.ago, 0)) AS at
    FROM unnest(call_uuids, dialled, seconds_ago) AS u (call_uuid, proxy, ago)
  ) a
  ORDER BY a.call_uuid, a.at DESC
  ON CONFLICT (call_uuid) DO UPDATE SET
    called_at = CASE c.outcome WHEN 'not_asked' THEN EXCLUDED.called_at ELSE c.called_at END,
    answered_at = EXCLUDED.answered_at,
    proxy = coalesce(c.proxy, EXCLUDED.proxy),
    outcome = EXCLUDED.outcome,
    side = NULL,
    order_ids = NULL,
    route_id = NULL,
    repeats = c.repeats + (c.outcome <> 'not_asked')::integer,
    earlier_answers = masking.earlier_answers(c, EXCLUDED.outcome, NULL)
  WHERE c.answered_at < EXCLUDED.answered_at OR c.outcome = 'not_asked'
$$;

COMMENT ON FUNCTION masking.answer_calls(text[], bigint[], bigint[], bigint, boolean, boolean) IS
  'Routes and records a batch of calls. place: 1-based index into the arrays; counterpart: set exactly when outcome is connected or support. say, voice and language are what the caller hears (see masking.prompt): why nobody is rung, or with records that the call is recorded. support: whom to ring for strangers; may_ask: they can be asked for codes, of so many digits.';
COMMENT ON FUNCTION masking.earlier_answers(masking.calls, text, bigint) IS
  'The row''s earlier_answers once a new answer is given: longer by one if that answer differs.';
COMMENT ON FUNCTION masking.record_apologies(text[], bigint[], double precision[]) IS
  'Records calls answered with an apology while the database was away; a newer answer stays.';

GRANT EXECUTE ON FUNCTION masking.answer_calls(text[], bigint[], bigint[], bigint, boolean, boolean) TO masking_server;
GRANT EXECUTE ON FUNCTION masking.record_apologies(text[], bigint[], double precision[]) TO masking_server;

COMMIT;
