-- Deploy number-masking:retention to pg
--
-- Phone numbers are kept as long as they can route and a while longer, for
-- explaining; then keyed hashes take their place. Order ids, times and outcomes
-- stay. It works in small batches, oldest first, under an advisory lock, so that
-- any number of servers may call it and no order ever waits for it.

BEGIN;
SET LOCAL ROLE masking_owner;

-- What calls and messages left behind: links to recordings and codes for as long
-- as numbers; who guessed or wrote without an order only as long as it counts.
CREATE FUNCTION masking.forget_traces(older_than interval, at_most integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
BEGIN
  UPDATE masking.calls c
  SET recording_url = NULL, facts = c.facts - 'recording.RecordUrl'
  WHERE c.call_uuid IN (
    SELECT o.call_uuid FROM masking.calls o
    WHERE o.recording_url IS NOT NULL AND o.called_at < now() - older_than
    ORDER BY o.called_at LIMIT at_most FOR UPDATE SKIP LOCKED);
  DELETE FROM masking.codes c
  WHERE (c.order_id, c.code_id) IN (
    SELECT o.order_id, o.code_id FROM masking.codes o
    WHERE upper(o.live) < now() - older_than
    ORDER BY upper(o.live) LIMIT at_most FOR UPDATE SKIP LOCKED);
  DELETE FROM masking.code_failures f
  WHERE (f.call_uuid, f.attempt) IN (
    SELECT o.call_uuid, o.attempt FROM masking.code_failures o
    WHERE o.failed_at < now() - interval '1 day'
    ORDER BY o.failed_at LIMIT at_most FOR UPDATE SKIP LOCKED);
  DELETE FROM masking.told_strangers t
  WHERE t.number IN (
    SELECT o.number FROM masking.told_strangers o
    WHERE o.told_at < now() - interval '1 hour'
    ORDER BY o.told_at LIMIT at_most FOR UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION masking.forget_traces(interval, integer) IS
  'Forgets links to recordings and codes that old, and strangers once they do not count any more; so many of each at most.';

CREATE FUNCTION masking.forget_numbers(older_than interval, at_most integer DEFAULT 1000)
RETURNS TABLE (orders integer, routes integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  locked text[];
BEGIN
  orders := 0;
  routes := 0;
  IF pg_try_advisory_xact_lock(hashtext('masking.retention'), 0) THEN
    PERFORM masking.forget_traces(older_than, at_most);
    WITH old AS (
      SELECT r.order_id, r.route_id FROM masking.routes r
      WHERE r.caller > 0 AND upper(r.held) < now() - older_than
      ORDER BY upper(r.held)
      LIMIT at_most
      FOR UPDATE SKIP LOCKED
    )
    UPDATE masking.routes r SET caller = masking.hashed(r.caller), callee = masking.hashed(r.callee)
    FROM old
    WHERE r.order_id = old.order_id AND r.route_id = old.route_id;
    GET DIAGNOSTICS routes = ROW_COUNT;

    SELECT array_agg(old.order_id) INTO locked
    FROM (
      SELECT o.order_id FROM masking.orders o
      WHERE o.forgotten_at IS NULL
        AND o.recorded_at < now() - older_than - masking.setting_span('longest_life')
        AND (o.unmasked_since IS NULL
          OR o.unmasked_since < now() - older_than - masking.setting_span('longest_life'))
        AND NOT EXISTS (
          SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND r.caller > 0)
      ORDER BY o.recorded_at
      LIMIT at_most
      FOR UPDATE SKIP LOCKED
    ) old;
    -- One may have been reopened before it was locked: then it has new routes,
    -- which only a statement begun after that sees.
    UPDATE masking.orders o SET forgotten_at = now(), unmasked_since = NULL,
      customer_number = masking.hashed(o.customer_number::bigint)::text,
      agent_number = masking.hashed(o.agent_number::bigint)::text
    WHERE o.order_id = ANY (locked)
      AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND r.caller > 0);
    GET DIAGNOSTICS orders = ROW_COUNT;
  END IF;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.forget_numbers(interval, integer) IS
  'Replaces numbers that could last connect a call that long ago by keyed hashes, so many orders and routes at most; returns how many. Call it until both are 0.';

CREATE FUNCTION masking.retention_run() RETURNS TABLE (orders integer, routes integer)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT f.orders, f.routes
  FROM masking.settings s
  CROSS JOIN LATERAL masking.forget_numbers(masking.setting_span('forget_after'), 500) f
  WHERE s.name = 'forget_after' AND s.value > 0
$$;
COMMENT ON FUNCTION masking.retention_run() IS
  'One batch of what the setting forget_after asks for (0: never forget); for the server''s timer.';
GRANT EXECUTE ON FUNCTION masking.retention_run() TO masking_server;

-- Looks at the numbers themselves, not at what retention believes it did.
CREATE FUNCTION masking.remembered(older_than interval) RETURNS TABLE (place text, number_count bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'routes', count(*) FROM masking.routes r
  WHERE greatest(r.caller, r.callee) > 0 AND upper(r.held) < now() - older_than
  UNION ALL
  SELECT 'orders', count(*) FROM masking.orders o
  WHERE (o.customer_number ~ '^[0-9]' OR o.agent_number ~ '^[0-9]')
    AND o.recorded_at < now() - older_than - masking.setting_span('longest_life')
    AND NOT EXISTS (
      SELECT FROM masking.routes r
      WHERE r.order_id = o.order_id AND upper(r.held) >= now() - older_than)
  UNION ALL
  SELECT 'recordings', count(*) FROM masking.calls c
  WHERE c.recording_url IS NOT NULL AND c.called_at < now() - older_than
  UNION ALL
  SELECT 'order_phones', count(*) FROM masking.order_phones p
  JOIN masking.orders o ON o.order_id = p.order_id AND o.forgotten_at IS NOT NULL
  UNION ALL
  SELECT 'strangers', (SELECT count(*) FROM masking.code_failures f WHERE f.failed_at < now() - greatest(older_than, interval '1 day'))
    + (SELECT count(*) FROM masking.told_strangers t WHERE t.told_at < now() - greatest(older_than, interval '1 hour'))
$$;
COMMENT ON FUNCTION masking.remembered(interval) IS
  'How many rows still hold a phone number that forget_numbers with that age should have replaced; all 0 proves that none is left.';

CREATE FUNCTION masking.erase_traces(person bigint, done text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM masking.code_failures f WHERE f.caller = person;
  DELETE FROM masking.told_strangers t WHERE t.number = person;
  DELETE FROM masking.codes c WHERE c.order_id = ANY (done);
  UPDATE masking.calls c
  SET recording_url = NULL, facts = c.facts - 'recording.RecordUrl'
  WHERE c.recording_url IS NOT NULL AND c.order_ids && done;
END
$$;
COMMENT ON FUNCTION masking.erase_traces(bigint, text[]) IS
  'What a person left behind as a stranger, and the codes and links to recordings of these orders.';

CREATE FUNCTION masking.erase_person(number text) RETURNS TABLE (orders integer, routes integer, still_open integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  person bigint := masking.e164(number, 'number')::bigint;
  hash bigint := masking.hashed(person);
  -- Not derived from the number: after this, nothing says whose rows they were.
  nobody bigint := masking.hashed(('x' || substr(md5(gen_random_uuid()::text), 1, 15))::bit(60)::bigint);
  done text[];
BEGIN
  -- None of them may be reopened while this looks which are over. Orders without
  -- routes are found by reading the table; this is not a thing done every minute.
  PERFORM FROM masking.orders o
  WHERE o.customer_number IN (person::text, hash::text) OR o.agent_number IN (person::text, hash::text)
    OR o.order_id IN (SELECT r.order_id FROM masking.routes r WHERE r.caller IN (person, hash))
  ORDER BY o.order_id
  FOR UPDATE;
  SELECT array_agg(o.order_id) FILTER (WHERE NOT o.is_open), count(*) FILTER (WHERE o.is_open)
  INTO done, still_open
  FROM (
    SELECT a.order_id, bool_or(a.is_open) AS is_open
    FROM (
      SELECT r.order_id, upper(r.live) > now() AS is_open FROM masking.routes r
      WHERE r.caller IN (person, hash)
      UNION ALL
      SELECT o.order_id, o.completed_at IS NULL AND o.cancelled_at IS NULL
        AND o.recorded_at > now() - masking.setting_span('longest_life')
      FROM masking.orders o
      WHERE o.customer_number IN (person::text, hash::text) OR o.agent_number IN (person::text, hash::text)
        OR EXISTS (SELECT FROM masking.order_phones p WHERE p.order_id = o.order_id AND p.number = person::text)
    ) a
    GROUP BY a.order_id
  ) o;

  UPDATE masking.routes r SET
    caller = CASE WHEN r.caller IN (person, hash) THEN nobody ELSE masking.hashed(r.caller) END,
    callee = CASE WHEN r.callee IN (person, hash) THEN nobody ELSE masking.hashed(r.callee) END
  WHERE r.order_id = ANY (done);
  GET DIAGNOSTICS routes = ROW_COUNT;
  UPDATE masking.orders o SET forgotten_at = clock_timestamp(), unmasked_since = NULL,
    customer_number = CASE WHEN o.customer_number IN (person::text, hash::text) THEN nobody
      ELSE masking.hashed(o.customer_number::bigint) END::text,
    agent_number = CASE WHEN o.agent_number IN (person::text, hash::text) THEN nobody
      ELSE masking.hashed(o.agent_number::bigint) END::text
  WHERE o.order_id = ANY (done);
  GET DIAGNOSTICS orders = ROW_COUNT;
  PERFORM masking.erase_traces(person, done);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.erase_person(text) IS
  'Erases a person by number from every order that is over, links to recordings of its calls included: the number becomes a random one-off, the other party''s a keyed hash. Returns what was changed and how many orders are still open; complete or delete those and call again.';

COMMIT;
