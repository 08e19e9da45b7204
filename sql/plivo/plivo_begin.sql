-- Begins a run of number-masking-plivo.

CREATE OR REPLACE FUNCTION masking.plivo_begin(settings text[], numbers text[], take text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Begins a run; from here on plivo_turn says what comes next. NULL: another run is at work.
-- settings: name, value, name, value: command, account, public_url, fallback, app, prefix (absent:
-- by country) and, each 'yes' or absent, all, yes, fix, now. numbers, take: digits; take may name an
-- application too.
-- Reads: plivo_connection. Writes: plivo_runs. Locks: an advisory lock of the session, which ends
-- with the run, or with the connection, so an interrupted run keeps nobody out.
-- Called by: number-masking-plivo.
DECLARE
  options jsonb := jsonb_object(settings)
    || jsonb_build_object('numbers', to_jsonb(numbers), 'take', to_jsonb(take));
  connection masking.plivo_connection;
  begun bigint;
BEGIN
  IF NOT pg_try_advisory_lock(hashtext('masking.plivo'), 0) THEN
    RETURN NULL;
  END IF;
  DELETE FROM masking.plivo_runs r WHERE r.begun_at < now() - interval '7 days';
  SELECT * INTO connection FROM masking.plivo_connection;
  INSERT INTO masking.plivo_runs (command, options, phase, picture)
  VALUES (options ->> 'command', options, 'begin',
    jsonb_build_object('application', jsonb_build_object('app_id', connection.app_id),
      'numbers', jsonb_build_object(), 'refused', jsonb_build_object()))
  RETURNING run INTO begun;
  RETURN begun;
END
$$;
COMMENT ON FUNCTION masking.plivo_begin(text[], text[], text[]) IS
  'Begins a run of number-masking-plivo; NULL while another is at work.';
GRANT EXECUTE ON FUNCTION masking.plivo_begin(text[], text[], text[]) TO masking_plivo;
