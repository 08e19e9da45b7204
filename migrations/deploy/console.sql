-- Deploy number-masking:console to pg
--
-- Who helps people at night may ask why a call did not connect, and learns no
-- number by it. masking_console is the role of the console's pages: it may execute
-- functions that return finished words, each taking who asks. masking_support
-- is for people with psql: the record in words, and the same explanations under the name
-- they logged in with. Both leave a trace that neither can write, change or read.

BEGIN;

DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('masking_console', 'The operator''s console: may execute its pages, reads no table.', ARRAY[
        'search_path = pg_catalog',
        'array_nulls = on',
        -- A page that takes longer is given up; calls must not notice that somebody looks.
        'statement_timeout = ''3s''',
        'lock_timeout = ''1s''',
        'idle_in_transaction_session_timeout = ''5s''',
        'max_parallel_workers_per_gather = 0',
        'jit = off']),
      ('masking_support', 'People who help customers, with psql: the record in words, and why calls did not connect.', ARRAY[
        'search_path = masking',
        'statement_timeout = ''10s''',
        'lock_timeout = ''1s''',
        'idle_in_transaction_session_timeout = ''60s''',
        'max_parallel_workers_per_gather = 0'])
    ) AS v (name, meaning, pinned)
  LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 20', wanted.name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      CONTINUE; -- another database of this cluster made it
    END;
    EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.meaning);
    FOR i IN 1 .. cardinality(wanted.pinned) LOOP
      EXECUTE format('ALTER ROLE %I SET %s', wanted.name, wanted.pinned[i]);
    END LOOP;
    -- What is asked holds phone numbers; it stays out of the database's log. Only a
    -- superuser may decide that for a role.
    IF current_setting('is_superuser') = 'on' THEN
      EXECUTE format('ALTER ROLE %I SET log_min_error_statement = panic', wanted.name);
      EXECUTE format('ALTER ROLE %I SET log_parameter_max_length = 0', wanted.name);
    END IF;
  END LOOP;
END
$$;

SET LOCAL ROLE masking_owner;
GRANT USAGE ON SCHEMA masking TO masking_console, masking_support;

CREATE TYPE masking.console_line AS (part text, tone text, link text, key text, cells text[]);
COMMENT ON TYPE masking.console_line IS
  'A line of a page: part is answer, section, text, fact, columns, row, event, step or sql; tone is good, warn, bad or quiet; link and key are where it leads.';

CREATE TABLE masking.console_log (
  looked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL DEFAULT session_user,
  page text COLLATE "C" NOT NULL,
  subject text,
  log_id bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (looked_at, log_id)
);
-- Who looked at this order?
CREATE INDEX console_log_of_subject ON masking.console_log (subject, looked_at) WHERE subject IS NOT NULL;
COMMENT ON TABLE masking.console_log IS
  'Who looked at which order, call or number, and when. Written by the functions that show them; kept for 400 days.';
COMMENT ON COLUMN masking.console_log.looked_at IS 'When.';
COMMENT ON COLUMN masking.console_log.who IS
  'The console''s user, or, of somebody with psql, the role that logged in.';
COMMENT ON COLUMN masking.console_log.role IS 'The role that logged in to the database.';
COMMENT ON COLUMN masking.console_log.page IS 'What was asked: order, why, calls, call.';
COMMENT ON COLUMN masking.console_log.subject IS
  'Which order or call; of a phone number its last two digits. NULL: nothing that exists.';
COMMENT ON COLUMN masking.console_log.log_id IS 'With looked_at the primary key, which a publication needs.';

COMMIT;
