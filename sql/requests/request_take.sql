CREATE OR REPLACE FUNCTION masking.request_body(r masking.requests, public_url text, ring_timeout integer) RETURNS text
LANGUAGE sql STABLE
AS $$
  -- Plivo's documentation, "Voice, API, Make a call".
  -- Without caller_name Plivo sends a name of its own. A phone that is rung late is rung for less long.
  SELECT jsonb_build_object('from', r.proxy::text, 'to', r.first::text, 'caller_name', r.proxy::text,
    'answer_url', u.url, 'answer_method', 'POST', 'hangup_url', u.url, 'hangup_method', 'POST',
    'ring_timeout', greatest(5, least(ring_timeout, ceil(extract(epoch FROM r.expires_at - clock_timestamp()))::integer)))::text
  FROM masking.plivo_webhook(public_url, '/request/' || r.request_id) AS u (url)
$$;
COMMENT ON FUNCTION masking.request_body(masking.requests, text, integer) IS
  'What Plivo is sent to have a call placed: a JSON object, with a whole phone number.';

CREATE OR REPLACE FUNCTION masking.request_next(placer bigint) RETURNS masking.requests
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The oldest request whose two may still talk, as "placing". Others before it are refused.
DECLARE
  r masking.requests;
  o masking.orders;
  way record;
BEGIN
  FOR i IN 1 .. 100 LOOP
    SELECT k.* INTO r FROM masking.requests k
    WHERE k.state = 'requested' AND k.ended_at IS NULL AND k.expires_at > clock_timestamp()
    ORDER BY k.requested_at, k.request_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    EXIT WHEN NOT FOUND;
    SELECT * INTO o FROM masking.orders f WHERE f.order_id = r.order_id;
    SELECT * INTO way FROM masking.request_way(r, r.first, masking.request_shows(o));
    IF way.outcome = 'connected' THEN
      UPDATE masking.requests k SET state = 'placing', placed_by = placer, placed_at = clock_timestamp(), proxy = masking.request_shows(o)
      WHERE k.request_id = r.request_id
      RETURNING * INTO r;
      RETURN r;
    END IF;
    UPDATE masking.requests k SET state = 'refused', reason = way.outcome, ended_at = now(), first = NULL WHERE k.request_id = r.request_id;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.request_next(bigint) IS 'Takes the request that is to be placed next; NULL: there is none.';

CREATE OR REPLACE FUNCTION masking.request_take(placer bigint, public_url text, ring_timeout integer)
RETURNS TABLE (request_id text, body text, wait_ms integer, stands_by boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What is to be placed next, by whoever is at work. request_id NULL: nothing now, ask again after wait_ms.
-- stands_by: another is at work.
--   reads   orders, routes (of the order's people), settings
--   writes  requests, placer
--   locks   the row of placer (waits); then rows of requests that are free
--   who     number-masking-plivo place, four times a second, with nothing in hand: so whatever is "placing" was taken by one
--           who is gone, or whose answer was lost, and may be at Plivo. It is never placed again. Nor is what was asked for
--           before a failover, which may have lost that it was taken.
DECLARE
  p masking.placer;
  r masking.requests;
  gap CONSTANT interval := interval '1 second' / greatest(1, masking.setting_amount('requests_per_second'));
BEGIN
  wait_ms := 250;
  stands_by := false;
  SELECT * INTO p FROM masking.placer FOR UPDATE;
  IF p.who <> placer AND masking.is_recent(p.heard_at, interval '15 seconds') THEN
    stands_by := true;
    RETURN NEXT;
    RETURN;
  END IF;
  UPDATE masking.requests k SET state = 'unknown'
  WHERE k.ended_at IS NULL AND (k.state = 'placing'
    OR k.state = 'requested' AND k.requested_at < greatest(pg_postmaster_start_time(), pg_last_xact_replay_timestamp()));
  PERFORM masking.end_stale_requests();
  -- (One that is further ahead was noted by a clock that was set back since.)
  IF p.last_placed_at + gap > clock_timestamp() AND p.last_placed_at < clock_timestamp() + interval '10 seconds' THEN
    wait_ms := least(250, 1 + ceil(extract(epoch FROM p.last_placed_at + gap - clock_timestamp()) * 1000)::integer);
  ELSE
    r := masking.request_next(placer);
    request_id := r.request_id;
  END IF;
  IF request_id IS NOT NULL THEN
    -- Plivo is asked once this is committed: a crash must not have it asked again.
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'local', true);
    END IF;
    body := masking.request_body(r, public_url, ring_timeout);
  END IF;
  IF request_id IS NOT NULL OR p.who IS DISTINCT FROM placer OR NOT masking.is_recent(p.heard_at, interval '2 seconds') THEN
    UPDATE masking.placer k SET who = placer, heard_at = clock_timestamp(),
      last_placed_at = CASE WHEN r.request_id IS NULL THEN k.last_placed_at ELSE clock_timestamp() END;
  END IF;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.request_take(bigint, text, integer) IS
  'The next call that Plivo is to be asked for, with what it is sent, by the run of that number; from the commit on it is "placing".';
GRANT EXECUTE ON FUNCTION masking.request_take(bigint, text, integer) TO masking_caller;

CREATE OR REPLACE FUNCTION masking.request_leave(placer bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  UPDATE masking.placer p SET who = NULL WHERE p.who = placer
$$;
COMMENT ON FUNCTION masking.request_leave(bigint) IS 'A run of number-masking-plivo place ends: another may take over at once.';
GRANT EXECUTE ON FUNCTION masking.request_leave(bigint) TO masking_caller;
