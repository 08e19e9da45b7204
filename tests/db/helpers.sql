-- helpers.sql - what the pgTAP files share: acting as a role, letting time pass.
--
-- Loaded into the template database only; nothing of it is ever migrated.

-- Else no test runs once a helper calls what has other arguments now, and interface_test.py cannot say so.
SET check_function_bodies = off;
CREATE EXTENSION pgtap;
CREATE SCHEMA tests;
-- Tests that log in as a role of ours ask through these functions, with that role's rights.
GRANT USAGE ON SCHEMA tests TO PUBLIC;

-- Runs one statement as a role, with that role's own search path.
CREATE FUNCTION tests.run_as(who text, statement text) RETURNS void
LANGUAGE plpgsql
SET search_path = masking
AS $$
BEGIN
  PERFORM set_config('role', who, true);
  EXECUTE statement;
  PERFORM set_config('role', 'none', true);
END
$$;

-- The same, giving back the single column of its rows.
CREATE FUNCTION tests.ask_as(who text, statement text) RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = masking
AS $$
BEGIN
  PERFORM set_config('role', who, true);
  RETURN QUERY EXECUTE statement;
  PERFORM set_config('role', 'none', true);
END
$$;

-- Off, so that rows can be put there which nobody wrote; and on again. They fire always, so
-- session_replication_role is no way around them.
CREATE FUNCTION tests.triggers(fire boolean) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  what CONSTANT text := CASE WHEN fire THEN 'ENABLE ALWAYS' ELSE 'DISABLE' END;
BEGIN
  EXECUTE format('ALTER TABLE masking.orders %s TRIGGER written', what);
  EXECUTE format('ALTER TABLE masking.routes %s TRIGGER belongs', what);
END
$$;

-- Time passes by moving everything that has happened further into the past; the earliest first,
-- for the constraint is checked at each row. A negative span sets the clock back.
CREATE FUNCTION tests.pass(ago interval) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  route record;
BEGIN
  PERFORM tests.triggers(false);
  UPDATE masking.orders SET placed_at = placed_at - ago, recorded_at = recorded_at - ago,
    routed_at = routed_at - ago, completed_at = completed_at - ago,
    cancelled_at = cancelled_at - ago, unmasked_since = unmasked_since - ago;
  FOR route IN SELECT order_id, route_id FROM masking.routes
    ORDER BY extract(epoch FROM lower(held)) * sign(extract(epoch FROM ago)) LOOP
    UPDATE masking.routes SET
      live = tstzrange(lower(live) - ago, upper(live) - ago),
      held = tstzrange(lower(held) - ago, upper(held) - ago),
      began = began - ago
    WHERE order_id = route.order_id AND route_id = route.route_id;
  END LOOP;
  FOR route IN SELECT order_id, code_id FROM masking.codes
    ORDER BY extract(epoch FROM lower(live)) * sign(extract(epoch FROM ago)) LOOP
    UPDATE masking.codes SET live = tstzrange(lower(live) - ago, upper(live) - ago)
    WHERE order_id = route.order_id AND code_id = route.code_id;
  END LOOP;
  UPDATE masking.calls SET called_at = called_at - ago, answered_at = answered_at - ago;
  UPDATE masking.pool_peaks SET hour = hour - ago;
  PERFORM tests.triggers(true);
END
$$;

-- Changes a setting, whatever its kind.
-- In PL/pgSQL, a branch for each kind: a planner that knows the value works out every cast of it
-- beforehand, also of the branches of a CASE that are not taken.
CREATE FUNCTION tests.set(setting text, value text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  s masking.settings;
BEGIN
  SELECT * INTO STRICT s FROM masking.settings WHERE name = setting;
  IF s.span IS NOT NULL THEN
    s.span = CASE WHEN value ~ '^[0-9.]+$' THEN value || ' seconds' ELSE value END;
  ELSIF s.is_on IS NOT NULL THEN
    s.is_on = value;
  ELSIF s.amount IS NOT NULL THEN
    s.amount = value;
  ELSE
    s.word = value;
  END IF;
  UPDATE masking.settings SET span = s.span, is_on = s.is_on, amount = s.amount, word = s.word WHERE name = setting;
END $$;

-- The server's questions, each element an ask of its own.
CREATE FUNCTION tests.asks(ids text[]) RETURNS bigint[]
LANGUAGE sql
AS $$
  SELECT coalesce(array_agg(1 + (random() * 4611686018427387903)::bigint), '{}') FROM unnest(ids)
$$;
CREATE FUNCTION tests.answer_calls(call_uuids text[], callers bigint[], dialled bigint[],
  support bigint DEFAULT NULL, may_ask boolean DEFAULT false, records boolean DEFAULT false)
RETURNS SETOF masking.answer
LANGUAGE sql
AS $$
  SELECT * FROM masking.answer_calls(call_uuids, callers, dialled, tests.asks(call_uuids), support, may_ask, records)
$$;
CREATE FUNCTION tests.answer_codes(call_uuids text[], callers bigint[], dialled bigint[], attempts bigint[], codes text[])
RETURNS SETOF masking.answer
LANGUAGE sql
AS $$
  SELECT * FROM masking.answer_codes(call_uuids, callers, dialled, attempts, codes, tests.asks(call_uuids))
$$;
CREATE FUNCTION tests.answer_messages(message_uuids text[], senders bigint[], dialled bigint[], kinds text[])
RETURNS SETOF masking.answer
LANGUAGE sql
AS $$
  SELECT * FROM masking.answer_messages(message_uuids, senders, dialled, kinds, tests.asks(message_uuids))
$$;
CREATE FUNCTION tests.record_apologies(call_uuids text[], dialled bigint[], seconds_ago double precision[]) RETURNS void
LANGUAGE sql
AS $$
  SELECT masking.record_apologies(call_uuids, dialled, seconds_ago, tests.asks(call_uuids))
$$;

-- One event, as the columns of calls it tells of; what the caller hears.
CREATE FUNCTION tests.tell(call_uuid text, told jsonb, says text DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql
AS $$
  SELECT say FROM masking.record_events(ARRAY[call_uuid], ARRAY[14155550100], ARRAY[says], ARRAY[told::text])
$$;

-- Whom a caller reaches now, on the server's own path: its number, or the
-- outcome in words. Each question is a call of its own.
CREATE SEQUENCE tests.calls;
CREATE FUNCTION tests.reaches(caller bigint, dialled bigint) RETURNS text
LANGUAGE sql
AS $$
  SELECT coalesce(counterpart::text, outcome)
  FROM tests.answer_calls(ARRAY['test-' || nextval('tests.calls')], ARRAY[caller], ARRAY[dialled])
$$;
