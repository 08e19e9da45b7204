-- helpers.sql - what the pgTAP files share: acting as a role, letting time pass.
--
-- Loaded into the template database only; nothing of it is ever migrated.

CREATE EXTENSION pgtap;
CREATE SCHEMA tests;

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

-- Time passes by moving everything that has happened further into the past;
-- the earliest first, for the constraint is checked at each row.
CREATE FUNCTION tests.pass(ago interval) RETURNS void
LANGUAGE plpgsql
SET session_replication_role = replica
AS $$
DECLARE
  route record;
BEGIN
  UPDATE masking.orders SET placed_at = placed_at - ago, recorded_at = recorded_at - ago,
    completed_at = completed_at - ago,
    cancelled_at = cancelled_at - ago, unmasked_since = unmasked_since - ago;
  FOR route IN SELECT order_id, route_id FROM masking.routes ORDER BY lower(held) LOOP
    UPDATE masking.routes SET
      live = tstzrange(lower(live) - ago, upper(live) - ago),
      held = tstzrange(lower(held) - ago, upper(held) - ago)
    WHERE order_id = route.order_id AND route_id = route.route_id;
  END LOOP;
  UPDATE masking.calls SET called_at = called_at - ago, answered_at = answered_at - ago;
END
$$;

-- Whom a caller reaches now, on the server's own path: its number, or the
-- outcome in words. Each question is a call of its own.
CREATE SEQUENCE tests.calls;
CREATE FUNCTION tests.reaches(caller bigint, dialled bigint) RETURNS text
LANGUAGE sql
AS $$
  SELECT coalesce(counterpart::text, outcome)
  FROM masking.answer_calls(ARRAY['test-' || nextval('tests.calls')], ARRAY[caller], ARRAY[dialled])
$$;
