CREATE OR REPLACE FUNCTION masking.request_checked(r masking.requests, written_number text) RETURNS masking.requests
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- A request as it is written, made whole, or an error that shows no number.
DECLARE
  o masking.orders;
  named bigint;
BEGIN
  r.requested_at := clock_timestamp();
  r.expires_at := coalesce(r.expires_at, r.requested_at + interval '30 seconds');
  IF r.expires_at <= r.requested_at OR r.expires_at > r.requested_at + interval '10 minutes' THEN
    RAISE EXCEPTION 'expires_at: must be within the next 10 minutes'
      USING ERRCODE = 'MK010', COLUMN = 'expires_at', TABLE = 'call_requests', HINT = 'Leave it out: it is 30 seconds then.';
  END IF;
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = r.order_id;
  IF nullif(written_number, '') IS NOT NULL THEN
    named := masking.number_of(masking.e164(written_number, 'number'));
    IF masking.person(named) IS DISTINCT FROM masking.party(o, r.side)
      AND NOT EXISTS (SELECT FROM masking.order_phones p WHERE p.order_id = r.order_id AND p.side = r.side AND p.phone = masking.person(named))
    THEN
      RAISE EXCEPTION 'number: is no phone of the %', r.side
        USING ERRCODE = 'MK005', COLUMN = 'number', TABLE = 'call_requests',
          HINT = 'Leave it out for the main phone, or name one of order_phones.';
    END IF;
  END IF;
  r.first := coalesce(named, masking.dialled(o, r.side));
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.request_checked(masking.requests, text) IS
  'A request with its times and the phone that is to be rung: the one it names, else the main one; or an error that shows no number.';

CREATE OR REPLACE FUNCTION masking.request_allowed(r masking.requests) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- May it be asked for? Else MK015 (the two may not talk now), MK016 (too many), MK017 (no number to show).
DECLARE
  o masking.orders;
  way record;
  cap CONSTANT integer := masking.setting_amount('calls_per_hour');
  most CONSTANT integer := masking.setting_amount('requests_per_hour');
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = r.order_id;
  -- (No number of ours is 0: it connects where any would.)
  SELECT * INTO way FROM masking.request_way(r, r.first, coalesce(masking.request_shows(o), 0));
  IF way.outcome = 'connected' AND masking.request_shows(o) IS NULL THEN
    RAISE EXCEPTION 'order %: has no number of ours that both could see', r.order_id
      USING ERRCODE = 'MK017', TABLE = 'call_requests',
        HINT = 'The pool is empty. The owner''s setting request_number says which number is shown then.';
  ELSIF way.outcome <> 'connected' THEN
    RAISE EXCEPTION 'order %: %', r.order_id, masking.request_obstacle(o, r, way)
      USING ERRCODE = 'MK015', TABLE = 'call_requests', HINT = 'Nobody can call by this order now: explain() says more.';
  ELSIF cap > 0 AND masking.rang_enough(masking.pairs_of(way.order_ids), cap) THEN
    RAISE EXCEPTION 'order %: %', r.order_id, masking.said_reason(('too many calls', NULL, NULL, r.side, NULL))
      USING ERRCODE = 'MK015', TABLE = 'call_requests', HINT = 'Try again later.';
  ELSIF most > 0 AND (
    SELECT count(*) FROM masking.requests k
    WHERE k.order_id = r.order_id AND masking.is_recent(k.requested_at, interval '1 hour') AND k.state NOT IN ('expired', 'refused')) >= most
  THEN
    RAISE EXCEPTION 'order %: % calls were asked for within an hour', r.order_id, most
      USING ERRCODE = 'MK016', TABLE = 'call_requests', HINT = 'Try again later. The owner''s setting requests_per_hour says how many there may be.';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.request_allowed(masking.requests) IS 'An error, in words, where a call about an order may not be asked for now.';

CREATE OR REPLACE FUNCTION masking.request_written(written json) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- A call is asked for. Who asks twice, as by a double tap, gets the request that is open.
--   reads   what request_allowed reads
--   writes  requests
--   locks   the order's row (waits, as any UPDATE of it would): so that one is open for each side, and at
--           READ COMMITTED requests_per_hour is exact
--   who     the trigger "written" on call_requests
DECLARE
  own CONSTANT text[] := '{order_id, side, number, expires_at}';
  v record;
  r masking.requests;
BEGIN
  -- All other columns are ours; an ORM may write NULL into them, and '' or DEFAULT.
  PERFORM masking.must_keep((SELECT json_object_agg(w.key, NULL) FROM json_each(written) w WHERE w.key <> ALL (own)),
    (SELECT json_object_agg(w.key, w.value) FROM json_each(written) w WHERE w.key <> ALL (own)), 'call_requests');
  SELECT * INTO v FROM json_to_record(written) AS w (order_id text, side text, number text, expires_at timestamptz);
  IF v.side IS NULL OR v.side NOT IN ('customer', 'agent') THEN
    RAISE EXCEPTION 'side: must be customer or agent'
      USING ERRCODE = 'MK005', COLUMN = 'side', TABLE = 'call_requests', HINT = 'Who is to be rung first?';
  END IF;
  PERFORM FROM masking.orders o WHERE o.order_id = v.order_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'order_id: there is no such order'
      USING ERRCODE = 'MK005', COLUMN = 'order_id', TABLE = 'call_requests', HINT = 'Place the order first.';
  END IF;
  PERFORM masking.end_stale_requests(v.order_id);
  SELECT k.* INTO r FROM masking.requests k WHERE k.order_id = v.order_id AND k.side = v.side AND k.ended_at IS NULL;
  IF NOT FOUND THEN
    r.order_id := v.order_id;
    r.side := v.side;
    r.expires_at := v.expires_at;
    r := masking.request_checked(r, v.number);
    PERFORM masking.request_allowed(r);
    INSERT INTO masking.requests (order_id, side, first, requested_at, expires_at, state)
    VALUES (r.order_id, r.side, r.first, r.requested_at, r.expires_at, 'requested')
    -- (Above READ COMMITTED another's may be there that cannot be seen: then this is 40001.)
    ON CONFLICT (order_id, side) WHERE ended_at IS NULL DO NOTHING
    RETURNING * INTO r;
    IF r.request_id IS NULL THEN
      RAISE EXCEPTION 'order %: another call is being asked for', v.order_id USING ERRCODE = '40001', HINT = 'Try again.';
    END IF;
  END IF;
  RETURN r.request_id;
END
$$;
COMMENT ON FUNCTION masking.request_written(json) IS
  'The id of the request that a row written into call_requests makes, or of the one that is open; or an error that shows no number.';

CREATE OR REPLACE FUNCTION masking.call_requests_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  the_request CONSTANT text := masking.request_written(to_json(NEW));
BEGIN
  SELECT c.* INTO NEW FROM masking.call_requests c WHERE c.request_id = the_request;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.call_requests_written() IS 'Trigger: see masking.request_written().';
