-- Begins a run of number-masking-plivo.

CREATE OR REPLACE FUNCTION masking.plivo_begin(settings text[], numbers text[], take text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Begins a run; from here on plivo_turn says what comes next. While another is at work, this one is over
-- at once, and its first turn says so.
-- settings: name, value, name, value: command, account, public_url, fallback, app, prefix (absent:
-- by country) and, each 'yes' or absent, all, yes, fix, now. numbers, take: digits; take may name an
-- application too.
-- The lock is a row, so that it holds through a pooler too, which shares sessions: the one run
-- without ended_at (index plivo_one_at_work). A turn renews heard_at and does nothing once ended_at
-- is set. Between two turns are 46 s at most (main.c, rest.c): a wait of 8 s, a request of 30 s,
-- and another wait. Who was silent for 2 minutes was interrupted, and is taken over.
-- Reads: plivo_connection. Writes: plivo_runs. Locks: the row of the run at work.
-- Called by: number-masking-plivo.
DECLARE
  silence CONSTANT interval := '2 minutes';
  options jsonb := jsonb_object(settings)
    || jsonb_build_object('numbers', to_jsonb(numbers), 'take', to_jsonb(take));
  connection masking.plivo_connection;
  at_work masking.plivo_runs;
  begun bigint;
BEGIN
  DELETE FROM masking.plivo_runs r WHERE r.begun_at < now() - interval '7 days';
  UPDATE masking.plivo_runs r SET (phase, picture, step, words, exit_code, ended_at) = ('end', '{}', NULL,
    ARRAY['!Another number-masking-plivo has taken over, as this one was silent for over 2 minutes. It goes on where this one stopped.'],
    1, clock_timestamp())
  WHERE r.ended_at IS NULL AND r.heard_at < clock_timestamp() - silence;
  SELECT * INTO connection FROM masking.plivo_connection;
  INSERT INTO masking.plivo_runs (command, options, phase, picture)
  VALUES (options ->> 'command', options, 'begin',
    jsonb_build_object('application', jsonb_build_object('app_id', connection.app_id),
      'numbers', jsonb_build_object(), 'refused', jsonb_build_object()))
  ON CONFLICT DO NOTHING
  RETURNING run INTO begun;
  IF begun IS NULL THEN
    SELECT * INTO at_work FROM masking.plivo_runs r WHERE r.ended_at IS NULL;
    INSERT INTO masking.plivo_runs (command, options, phase, picture, exit_code, ended_at, words)
    VALUES (options ->> 'command', options, 'end', '{}', 1, now(),
      ARRAY['!Another number-masking-plivo is at work on this database'
        || coalesce(' (' || at_work.command || '). If it was interrupted, this one can begin in '
          || ceil(extract(epoch FROM at_work.heard_at + silence - clock_timestamp())) || ' s', '') || '.'])
    RETURNING run INTO begun;
  END IF;
  RETURN begun;
END
$$;
COMMENT ON FUNCTION masking.plivo_begin(text[], text[], text[]) IS
  'Begins a run of number-masking-plivo; one that ends at once while another is at work.';
GRANT EXECUTE ON FUNCTION masking.plivo_begin(text[], text[], text[]) TO masking_plivo;
