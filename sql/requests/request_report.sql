CREATE OR REPLACE FUNCTION masking.request_report(placer bigint, the_request text, sent boolean, status integer, answer text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What Plivo answered to a request that was taken; says what state it is in now. Told again it changes nothing.
--   not sent, or 429     requested: Plivo has done nothing
--   201 and an id        ringing
--   any other 4xx        failed, with Plivo's words
--   anything else        unknown: Plivo may have done it, so it is not placed again
-- A webhook may have been quicker, and another run may hold it for lost: then only the 201 is news.
--   writes  requests, placer
--   locks   the row of placer, then the request's (waits)
--   who     number-masking-plivo place, until it is told
DECLARE
  r masking.requests;
  uuid CONSTANT text := CASE status WHEN 201 THEN masking.plivo_json(answer) ->> 'request_uuid' END;
BEGIN
  UPDATE masking.placer p SET heard_at = clock_timestamp(),
    last_placed_at = CASE status WHEN 429 THEN clock_timestamp() + interval '500 milliseconds' ELSE p.last_placed_at END
  WHERE p.who = placer;
  SELECT k.* INTO r FROM masking.requests k WHERE k.request_id = the_request FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'gone';
  ELSIF uuid IS NOT NULL AND r.state IN ('placing', 'unknown', 'ringing') THEN
    r.state := 'ringing';
    r.request_uuid := uuid;
  ELSIF r.state = 'placing' AND r.placed_by = placer THEN
    r.state := CASE WHEN NOT sent OR status = 429 THEN 'requested' WHEN status BETWEEN 400 AND 499 THEN 'failed' ELSE 'unknown' END;
  END IF;
  IF r.state = 'failed' AND r.reason IS NULL THEN
    r.reason := format('Plivo answered %s%s', status,
      ': ' || regexp_replace(masking.plivo_clean(masking.plivo_json(answer) ->> 'error'), '[0-9]([ .()-]*[0-9]){2,}', '…', 'g'));
    r.ended_at := now();
    r.first := NULL;
  END IF;
  UPDATE masking.requests k SET state = r.state, reason = r.reason, request_uuid = r.request_uuid, first = r.first, ended_at = r.ended_at
  WHERE k.request_id = the_request;
  RETURN r.state;
END
$$;
COMMENT ON FUNCTION masking.request_report(bigint, text, boolean, integer, text) IS
  'Notes what Plivo answered when a call was to be placed; sent false: it was not asked. The state that the request is in now.';
GRANT EXECUTE ON FUNCTION masking.request_report(bigint, text, boolean, integer, text) TO masking_caller;
