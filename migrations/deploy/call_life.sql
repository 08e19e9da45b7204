-- Deploy number-masking:call_life to pg
--
-- What Plivo tells about a call after it was answered. Deliveries are repeated,
-- reordered and sometimes missing, so nothing here depends on their order: an
-- event is a set of facts, facts are merged into one set per call (the greater
-- value wins should two differ), and the columns people read are computed from
-- that set alone. An event that overtakes its call makes the call's row.
--
-- Plivo's StartTime, AnswerTime and EndTime are in the time zone of somebody's
-- console. Only differences between two of one event are used: those are right
-- in any zone.

BEGIN;
SET LOCAL ROLE masking_owner;

ALTER TABLE masking.calls
  ADD COLUMN facts jsonb,
  ADD COLUMN dial_status text,
  ADD COLUMN rang boolean,
  ADD COLUMN answered boolean,
  ADD COLUMN ring_seconds integer,
  ADD COLUMN talk_seconds integer,
  ADD COLUMN call_seconds integer,
  ADD COLUMN hung_up_by text,
  ADD COLUMN hangup_cause text,
  ADD COLUMN hangup_code integer,
  ADD COLUMN cost numeric,
  ADD COLUMN recording_url text,
  ADD COLUMN recording_seconds integer;
-- What retention has still to forget.
CREATE INDEX calls_recorded ON masking.calls (called_at) WHERE recording_url IS NOT NULL;
COMMENT ON COLUMN masking.calls.outcome IS
  'connected, support, ask_code, wrong_code, code_refused (three wrong ones), locked_out (five within an hour), unknown_caller, no_caller_id, bad_dialled_number, apologised (the database was away), or not_asked (only later events are known).';
COMMENT ON COLUMN masking.calls.facts IS
  'What Plivo told so far, by event and parameter; the columns after this one are read out of it.';
COMMENT ON COLUMN masking.calls.dial_status IS
  'How ringing the callee ended: completed, busy, no-answer, timeout, failed, cancel (the caller gave up).';
COMMENT ON COLUMN masking.calls.rang IS 'Whether the callee''s phone rang; NULL: not told.';
COMMENT ON COLUMN masking.calls.answered IS 'Whether the callee answered; NULL: not told.';
COMMENT ON COLUMN masking.calls.ring_seconds IS 'How long the callee''s phone rang.';
COMMENT ON COLUMN masking.calls.talk_seconds IS 'How long caller and callee were connected.';
COMMENT ON COLUMN masking.calls.call_seconds IS 'How long the caller''s own leg lasted once answered, prompts included.';
COMMENT ON COLUMN masking.calls.hung_up_by IS
  'caller, callee, or as Plivo says it: plivo, carrier, answer xml, …';
COMMENT ON COLUMN masking.calls.hangup_cause IS 'Why it ended, in Plivo''s words, as Normal Hangup.';
COMMENT ON COLUMN masking.calls.hangup_code IS 'The same as Plivo''s code, as 4000.';
COMMENT ON COLUMN masking.calls.cost IS 'Both legs together, in the currency of the Plivo account.';
COMMENT ON COLUMN masking.calls.recording_url IS 'Where Plivo keeps the recording; NULL: none, or forgotten.';
COMMENT ON COLUMN masking.calls.recording_seconds IS 'How long the recording is.';

-- Several a second for each call: the small ones are plain expressions, which
-- PostgreSQL puts in place; the others are PL/pgSQL, which keeps its plans.
CREATE FUNCTION masking.as_number(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN value ~ '^[0-9]{1,9}(\.[0-9]{1,9})?$' THEN value::numeric END
$$;

-- Never fails: the 30th of February is the 2nd of March.
CREATE FUNCTION masking.as_time(value text) RETURNS timestamp
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN value ~ '^20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d' THEN
    timestamp '2000-01-01' + make_interval(years => substr(value, 3, 2)::integer,
      months => substr(value, 6, 2)::integer - 1, days => substr(value, 9, 2)::integer - 1,
      hours => substr(value, 12, 2)::integer, mins => substr(value, 15, 2)::integer,
      secs => substr(value, 18, 2)::double precision) END
$$;

-- From the first to the second time of one event; a change of summer time in
-- between makes it unknown.
CREATE FUNCTION masking.seconds_between(start text, finish text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  seconds numeric;
BEGIN
  IF start IS NULL OR finish IS NULL THEN
    RETURN NULL;
  END IF;
  seconds := extract(epoch FROM masking.as_time(finish) - masking.as_time(start));
  RETURN CASE WHEN seconds BETWEEN 0 AND 3000 THEN seconds::integer END;
END
$$;

CREATE FUNCTION masking.merged(facts jsonb, more jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- Where they do not differ, both orders give the same.
  united jsonb := facts || more;
BEGIN
  IF facts IS NULL OR united = more || facts THEN
    RETURN coalesce(united, more);
  END IF;
  RETURN (
    SELECT jsonb_object_agg(m.key, m.value)
    FROM (
      SELECT f.key, max(f.value COLLATE "C") AS value
      FROM (SELECT * FROM jsonb_each_text(facts) UNION ALL SELECT * FROM jsonb_each_text(more)) f
      GROUP BY f.key
    ) m);
END
$$;

CREATE TYPE masking.life AS (
  dial_status text, rang boolean, answered boolean, ring_seconds integer, talk_seconds integer,
  call_seconds integer, hung_up_by text, hangup_cause text, hangup_code integer, cost numeric,
  recording_url text, recording_seconds integer);
COMMENT ON TYPE masking.life IS 'The columns of masking.calls that are read out of its facts, in their order.';

-- hangup is the caller's leg, dial_hangup the callee's, action the end of the
-- dialling. Unless somebody answered, the callee's leg tells why: the caller's
-- only says that our sentence came to its end.
CREATE FUNCTION masking.life(facts jsonb) RETURNS masking.life
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  l masking.life;
  callee_seconds numeric := masking.as_number(facts ->> 'dial_hangup.DialBLegDuration');
  caller_cost numeric := masking.as_number(facts ->> 'hangup.TotalCost');
  callee_cost numeric := masking.as_number(facts ->> 'dial_hangup.DialBLegTotalCost');
  caller_first boolean;
BEGIN
  l.dial_status := facts ->> 'action.DialStatus';
  l.answered := CASE
    WHEN facts ?| ARRAY['dial_answer', 'dial_connected', 'dial_hangup.AnswerTime']
      OR l.dial_status = 'completed' OR callee_seconds > 0 THEN true
    WHEN l.dial_status IS NOT NULL OR facts ? 'dial_hangup' THEN false
  END;
  l.rang := CASE
    WHEN l.answered OR facts ->> 'action.DialRingStatus' = 'true' THEN true
    WHEN facts ->> 'action.DialRingStatus' = 'false' THEN false
  END;
  l.ring_seconds := masking.seconds_between(facts ->> 'dial_hangup.StartTime',
    coalesce(facts ->> 'dial_hangup.AnswerTime', facts ->> 'dial_hangup.EndTime'));
  IF l.ring_seconds IS NULL AND l.dial_status IS NOT NULL THEN
    l.ring_seconds := masking.seconds_between(facts ->> 'hangup.StartTime',
      coalesce(facts ->> 'hangup.AnswerTime', facts ->> 'hangup.EndTime'));
  END IF;
  l.call_seconds := masking.as_number(facts ->> 'hangup.Duration');
  l.talk_seconds := CASE l.answered WHEN true THEN coalesce(callee_seconds, l.call_seconds) WHEN false THEN 0 END;
  caller_first := coalesce(l.answered, false);
  l.hung_up_by := lower(CASE
    WHEN l.dial_status = 'cancel' THEN 'caller'
    WHEN caller_first THEN coalesce(facts ->> 'hangup.HangupSource', facts ->> 'dial_hangup.DialBLegHangupSource')
    ELSE coalesce(facts ->> 'dial_hangup.DialBLegHangupSource', facts ->> 'hangup.HangupSource')
  END);
  IF l.hung_up_by = 'call recipient' THEN
    l.hung_up_by := 'callee';
  END IF;
  l.hangup_cause := CASE WHEN caller_first
    THEN coalesce(facts ->> 'hangup.HangupCauseName', facts ->> 'dial_hangup.DialBLegHangupCauseName')
    ELSE coalesce(facts ->> 'dial_hangup.DialBLegHangupCauseName', facts ->> 'action.DialHangupCause',
      facts ->> 'hangup.HangupCauseName')
  END;
  l.hangup_code := masking.as_number(CASE WHEN caller_first
    THEN coalesce(facts ->> 'hangup.HangupCauseCode', facts ->> 'dial_hangup.DialBLegHangupCauseCode')
    ELSE coalesce(facts ->> 'dial_hangup.DialBLegHangupCauseCode', facts ->> 'hangup.HangupCauseCode')
  END);
  IF caller_cost IS NOT NULL OR callee_cost IS NOT NULL THEN
    l.cost := coalesce(caller_cost, 0) + coalesce(callee_cost, 0);
  END IF;
  l.recording_url := facts ->> 'recording.RecordUrl';
  l.recording_seconds := round(masking.as_number(facts ->> 'recording.RecordingDuration'));
  RETURN l;
END
$$;

-- Which prompt a caller hears when ringing the callee ended so; NULL: the call
-- was answered or given up, and ends quietly.
CREATE FUNCTION masking.prompt_after_dial(dial_status text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE dial_status
    WHEN 'completed' THEN NULL
    WHEN 'cancel' THEN NULL
    WHEN 'busy' THEN 'busy'
    WHEN 'no-answer' THEN 'no_answer'
    WHEN 'timeout' THEN 'timeout'
    ELSE 'failed'
  END
$$;

CREATE FUNCTION masking.record_events(
  call_uuids text[], kinds text[], dialled bigint[],
  fact_places bigint[], fact_names text[], fact_values text[])
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO masking.calls AS c (call_uuid, called_at, answered_at, proxy, outcome, facts,
    dial_status, rang, answered, ring_seconds, talk_seconds, call_seconds, hung_up_by,
    hangup_cause, hangup_code, cost, recording_url, recording_seconds)
  SELECT e.call_uuid, now(), now(), e.proxy, 'not_asked', e.facts, (l.life).*
  FROM (
    SELECT f.call_uuid, max(f.proxy) AS proxy, jsonb_object_agg(f.name, f.value) AS facts
    FROM (
      SELECT k.call_uuid, max(k.proxy) AS proxy, v.name, max(v.value COLLATE "C") AS value
      FROM (
        SELECT u.place, u.kind AS name, '1' AS value
        FROM unnest(kinds) WITH ORDINALITY AS u (kind, place)
        UNION ALL
        SELECT u.place, kinds[u.place] || '.' || u.name, u.value
        FROM unnest(fact_places, fact_names, fact_values) AS u (place, name, value)
      ) v
      JOIN unnest(call_uuids, dialled) WITH ORDINALITY AS k (call_uuid, proxy, place) USING (place)
      GROUP BY k.call_uuid, v.name
    ) f
    GROUP BY f.call_uuid
  ) e
  -- As a rule the row is there, and only what it becomes below counts.
  CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT EXISTS (SELECT FROM masking.calls k WHERE k.call_uuid = e.call_uuid)
      THEN masking.life(e.facts) END AS life OFFSET 0) l
  ORDER BY e.call_uuid
  ON CONFLICT (call_uuid) DO UPDATE SET
    (facts, dial_status, rang, answered, ring_seconds, talk_seconds, call_seconds, hung_up_by,
     hangup_cause, hangup_code, cost, recording_url, recording_seconds) = (
      SELECT l.facts, (l.life).*
      FROM (
        SELECT m.facts, masking.life(m.facts) AS life
        FROM (SELECT masking.merged(c.facts, EXCLUDED.facts) AS facts OFFSET 0) m OFFSET 0
      ) l),
    proxy = coalesce(c.proxy, EXCLUDED.proxy);

  RETURN QUERY
  SELECT a.place::integer, p.say, p.voice, p.language
  FROM unnest(fact_places, fact_names, fact_values) AS a (place, name, value)
  CROSS JOIN LATERAL (
    SELECT * FROM masking.prompt(masking.prompt_after_dial(a.value), dialled[a.place])
    WHERE masking.prompt_after_dial(a.value) IS NOT NULL OFFSET 0) p
  WHERE a.name = 'DialStatus' AND kinds[a.place] = 'action';
END
$$;

COMMENT ON FUNCTION masking.as_number(text) IS 'A decimal number as Plivo writes it; NULL for anything else.';
COMMENT ON FUNCTION masking.as_time(text) IS 'A time as Plivo writes it, in whatever zone; NULL for anything else.';
COMMENT ON FUNCTION masking.seconds_between(text, text) IS
  'From one time of an event to another; NULL: not told, or not plausible.';
COMMENT ON FUNCTION masking.merged(jsonb, jsonb) IS
  'Both sets of facts in one; where they differ the greater text, so that order and repeats are of no matter.';
COMMENT ON FUNCTION masking.life(jsonb) IS 'What facts say about a call, as the columns of masking.calls.';
COMMENT ON FUNCTION masking.prompt_after_dial(text) IS
  'The event in masking.prompts for a DialStatus of Plivo''s; NULL: nothing is said.';
COMMENT ON FUNCTION masking.record_events(text[], text[], bigint[], bigint[], text[], text[]) IS
  'Records a batch of events: call i had an event of kinds[i]; fact j belongs to event fact_places[j]. Rows: what the caller hears, of events that say something.';

GRANT EXECUTE ON FUNCTION masking.record_events(text[], text[], bigint[], bigint[], text[], text[])
TO masking_server;

COMMIT;
