CREATE OR REPLACE FUNCTION masking.erase_person(number text) RETURNS TABLE (orders integer, routes integer, still_open integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Erases a person from every order that is over. An order that is open, in its grace time, or being
-- written by somebody is left and counted.
--   reads   orders, order_phones, routes, by their indexes on the person
--   writes  orders, routes, requests, codes, code_failures, told_senders, opted_out, calls
--   locks   the orders' rows and then their routes, only where they are free: this transaction
--           holds rows, and never waits for one that an order system's transaction holds, so
--           neither can be the other's deadlock
--   who     an operator, when a person asks for it
-- What Plivo keeps (call records, recordings, message logs) is out of reach here; SECURITY.md says
-- how to have it deleted there.
#variable_conflict use_variable
DECLARE
  the_number bigint := masking.number_of(masking.e164(number, 'number'));
  person bigint := masking.person(the_number);
  hash bigint := masking.hashed(the_number);
  -- Not derived from the number: after this, nothing says whose rows they were.
  nobody bigint := masking.hashed(('x' || substr(md5(gen_random_uuid()::text), 1, 15))::bit(60)::bigint);
  wanted text[];
  done text[];
BEGIN
  SELECT array_agg(DISTINCT w.order_id) INTO wanted
  FROM (
    SELECT o.order_id FROM masking.orders_of(person, hash) o
    UNION ALL
    SELECT r.order_id FROM masking.routes r WHERE r.caller IN (person, hash)
  ) w;
  SELECT array_agg(f.order_id) INTO done
  FROM (SELECT o.order_id FROM masking.orders o WHERE o.order_id = ANY (wanted) FOR UPDATE SKIP LOCKED) f;
  -- Locked now, so that what is read from here on stays so. Orders that are deleted have routes only.
  SELECT array_agg(w.order_id) FILTER (WHERE NOT w.is_open), count(*) FILTER (WHERE w.is_open)
  INTO done, still_open
  FROM (
    SELECT u.order_id, EXISTS (
        SELECT FROM masking.routes r WHERE r.order_id = u.order_id AND masking.is_live(r.live, r.closed))
      OR EXISTS (
        SELECT FROM masking.orders o
        WHERE o.order_id = u.order_id AND (o.order_id <> ALL (coalesce(done, '{}')) OR masking.waits(o, now())
          OR masking.is_open(o, now()) AND (o.completed_at IS NOT NULL
            OR greatest(o.recorded_at, o.routed_at) > now() - masking.setting_span('longest_life'))))
      OR EXISTS (
        SELECT FROM masking.routes r WHERE r.order_id = u.order_id AND NOT masking.can_lock(r)) AS is_open
    FROM unnest(wanted) AS u (order_id)
  ) w;

  UPDATE masking.routes r SET
    caller = CASE WHEN r.caller IN (person, hash) THEN nobody ELSE masking.hashed(r.caller) END,
    callee = CASE WHEN r.callee IN (person, hash) THEN nobody ELSE masking.hashed(r.callee) END,
    dials = NULL
  WHERE r.order_id = ANY (done);
  GET DIAGNOSTICS routes = ROW_COUNT;
  UPDATE masking.orders o SET forgotten_at = clock_timestamp(), unmasked_since = NULL, unmasked_reason = NULL, customer_refused = NULL, customer_refused_digits = NULL,
    agent_refused = NULL, agent_refused_digits = NULL,
    customer_number = CASE WHEN o.customer IN (person, hash) THEN nobody ELSE masking.hashed(o.customer) END::text,
    agent_number = CASE WHEN o.agent IN (person, hash) THEN nobody ELSE masking.hashed(o.agent) END::text
  WHERE o.order_id = ANY (done);
  GET DIAGNOSTICS orders = ROW_COUNT;
  PERFORM masking.erase_traces(person, hash, done);
  PERFORM masking.forget_statistics();
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.erase_person(text) IS
  'Erases a person by number from every order that is over, links to recordings of its calls included: the number becomes a random one-off, the other party''s a keyed hash. Returns what was changed and how many orders are still open, or being written at this moment; complete or delete those and call again. What Plivo keeps of the calls has to be deleted there.';

CREATE OR REPLACE FUNCTION masking.can_lock(route masking.routes) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM masking.routes r WHERE r.order_id = route.order_id AND r.route_id = route.route_id FOR UPDATE SKIP LOCKED;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.can_lock(masking.routes) IS 'Locks a route if it is free; false: it is not.';

CREATE OR REPLACE FUNCTION masking.erase_traces(person bigint, hash bigint, done text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  began timestamptz;
  ended timestamptz;
BEGIN
  UPDATE masking.requests q SET first = NULL WHERE q.order_id = ANY (done) AND q.first IS NOT NULL;
  DELETE FROM masking.code_failures f WHERE f.caller = person;
  DELETE FROM masking.told_senders t WHERE t.number = person;
  DELETE FROM masking.opted_out t WHERE t.person_hash = hash;
  UPDATE masking.calls c SET caller_hash = NULL, caller_digits = NULL WHERE c.caller_hash = hash;
  -- Only in the time of these orders can a call have been about them.
  SELECT min(lower(r.live)), max(upper(r.live)) INTO began, ended FROM masking.routes r WHERE r.order_id = ANY (done);
  SELECT least(began, min(o.recorded_at)), greatest(ended, max(o.recorded_at) + masking.setting_span('longest_life'),
    (SELECT max(upper(c.live)) FROM masking.codes c WHERE c.order_id = ANY (done)))
  INTO began, ended
  FROM masking.orders o WHERE o.order_id = ANY (done);
  DELETE FROM masking.codes c WHERE c.order_id = ANY (done);
  PERFORM masking.forget_recordings_of(done, began - interval '1 hour', ended + interval '1 hour');
END
$$;
COMMENT ON FUNCTION masking.erase_traces(bigint, bigint, text[]) IS
  'What a person left behind as a stranger, and the codes and links to recordings of these orders.';
