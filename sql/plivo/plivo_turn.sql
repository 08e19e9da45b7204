-- The one question that number-masking-plivo asks, again and again: what now?

-- Begins to read, unless something speaks against it before Plivo is asked at all.
CREATE OR REPLACE FUNCTION masking.plivo_first(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known masking.plivo_connection;
BEGIN
  SELECT * INTO known FROM masking.plivo_connection;
  IF known.account <> r.options ->> 'account' THEN
    r.words := r.words || ('!This database is connected to Plivo''s account ' || known.account || ', and PLIVO_AUTH_ID is '
      || (r.options ->> 'account') || '. Disconnect there first; if that account is no more: DELETE FROM masking.plivo_connection.');
    RETURN masking.plivo_ended(r, 1);
  ELSIF known IS NULL AND r.command <> 'connect' THEN
    r.words := r.words || '!This database is not connected to Plivo: number-masking-plivo connect does that.'::text;
    RETURN masking.plivo_ended(r, 1);
  END IF;
  IF r.command = 'check' AND known.public_url <> r.options ->> 'public_url' THEN
    r.words := r.words || '!PUBLIC_URL is another one than the application was given: connect again.'::text;
    r.exit_code := 1;
  END IF;
  r.phase := CASE r.command WHEN 'disconnect' THEN 'account' ELSE 'door' END;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_first(masking.plivo_runs) IS 'Whether a run may begin at all, and with which question.';

-- The request that belongs to the phase. kind: "api" goes to Plivo, below the account; "door" to
-- PUBLIC_URL, signed as Plivo signs; "forged" there too, signed by somebody else. safe: doing it
-- twice does no harm.
CREATE OR REPLACE FUNCTION masking.plivo_request(r masking.plivo_runs)
RETURNS TABLE (kind text, method text, path text, body text, safe boolean)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN r.phase IN ('door', 'forged') THEN r.phase ELSE 'api' END,
    CASE r.phase WHEN 'doing' THEN r.step ->> 'method' ELSE 'GET' END,
    CASE r.phase
      WHEN 'door' THEN '/connected'
      WHEN 'forged' THEN '/connected'
      WHEN 'account' THEN ''
      WHEN 'application' THEN 'Application/' || (r.picture #>> '{application,app_id}') || '/'
      WHEN 'applications' THEN 'Application/?app_name=' || (r.options ->> 'app') || '&limit=20&offset=' || r.place
      WHEN 'numbers' THEN 'Number/?limit=20&offset=' || r.place
      WHEN 'doing' THEN r.step ->> 'path'
    END,
    CASE r.phase WHEN 'doing' THEN (r.step -> 'body')::text ELSE '' END,
    r.phase <> 'doing' OR r.step ->> 'action' <> 'create'
$$;
COMMENT ON FUNCTION masking.plivo_request(masking.plivo_runs) IS 'The request that belongs to a run''s phase.';

CREATE OR REPLACE FUNCTION masking.plivo_turn(the_run bigint, status integer, answered text)
RETURNS TABLE (kind text, words text, method text, path text, body text, safe boolean, pause integer, exit_code integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Notes the answer to the last request (status NULL: there was none, and the same comes again; 0:
-- none came, answered says why), then says what comes next: rows "say" and "warn" to print, and at
-- the end one request (see plivo_request) or "end" with the exit code.
-- Reads and writes: plivo_runs, where it says that the run is still at work (plivo_begin); all else
-- by those it calls: plivo_noted (what an answer means), plivo_decided (what to do about it).
-- Locks: the run's row.
-- Called by: number-masking-plivo, once before each request.
DECLARE
  r masking.plivo_runs;
  told text[];
BEGIN
  SELECT * INTO STRICT r FROM masking.plivo_runs p WHERE p.run = the_run FOR UPDATE;
  IF r.phase = 'begin' THEN
    r := masking.plivo_first(r);
  ELSIF r.phase <> 'end' AND status IS NOT NULL THEN
    r := masking.plivo_noted(r, status, answered);
  END IF;
  WHILE r.phase IN ('plan', 'look') LOOP
    r := masking.plivo_decided(r);
  END LOOP;
  told := r.words;
  UPDATE masking.plivo_runs p SET (phase, round, place, readings, tries, pause, total, picture, step, words, exit_code, heard_at, ended_at)
    = (r.phase, r.round, r.place, r.readings, r.tries, 0, r.total, r.picture, r.step, '{}', r.exit_code, clock_timestamp(), r.ended_at)
  WHERE p.run = r.run;
  RETURN QUERY
  SELECT CASE WHEN w.words LIKE '!%' THEN 'warn' ELSE 'say' END, ltrim(w.words, '!'),
    '', '', '', true, 0, 0
  FROM unnest(told) WITH ORDINALITY AS w (words, place) ORDER BY w.place;
  IF r.phase = 'end' THEN
    RETURN QUERY SELECT 'end', '', '', '', '', true, 0, r.exit_code;
  ELSE
    RETURN QUERY SELECT q.kind, '', q.method, q.path, q.body, q.safe, r.pause, 0 FROM masking.plivo_request(r) q;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.plivo_turn(bigint, integer, text) IS
  'Notes what Plivo answered, and says what number-masking-plivo does next.';
GRANT EXECUTE ON FUNCTION masking.plivo_turn(bigint, integer, text) TO masking_plivo;
