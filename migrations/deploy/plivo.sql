-- Deploy number-masking:plivo to pg
--
-- What number-masking-plivo keeps: which account and application the pool is connected to, what
-- each number had before, the last look at Plivo, and the run in hand. Its role may execute two
-- functions; it reads no order and no number of a party. What those functions do is in sql/plivo.

BEGIN;

DO $$
BEGIN
  CREATE ROLE masking_plivo LOGIN;
  ALTER ROLE masking_plivo SET search_path = pg_catalog;
  ALTER ROLE masking_plivo SET array_nulls = on;
  ALTER ROLE masking_plivo SET lock_timeout = '10s';
  COMMENT ON ROLE masking_plivo IS 'number-masking-plivo: may take its turns at Plivo, and nothing else.';
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- another database of this cluster made it
END
$$;

SET LOCAL ROLE masking_owner;
GRANT USAGE ON SCHEMA masking TO masking_plivo;

CREATE TABLE masking.plivo_connection (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  account text NOT NULL,
  app_id text NOT NULL,
  app_name text NOT NULL,
  public_url text NOT NULL,
  sent jsonb NOT NULL,
  connected_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE masking.plivo_connection IS
  'The Plivo account and application that this pool is connected to; one row, or none. Delete it to connect to another account.';
COMMENT ON COLUMN masking.plivo_connection.one IS 'Only one row has room.';
COMMENT ON COLUMN masking.plivo_connection.account IS 'Auth ID of the account or subaccount.';
COMMENT ON COLUMN masking.plivo_connection.app_id IS 'The application our numbers belong to.';
COMMENT ON COLUMN masking.plivo_connection.app_name IS 'Its name, as far as it has one.';
COMMENT ON COLUMN masking.plivo_connection.public_url IS 'Where Plivo reaches the service.';
COMMENT ON COLUMN masking.plivo_connection.sent IS 'The settings the application should have, as they were sent last.';
COMMENT ON COLUMN masking.plivo_connection.connected_at IS 'When they were sent.';

CREATE TABLE masking.plivo_numbers (
  number bigint PRIMARY KEY,
  former text,
  sms boolean NOT NULL DEFAULT false,
  switched_off boolean NOT NULL DEFAULT false,
  attached_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE masking.plivo_numbers IS 'Numbers that number-masking-plivo has attached, and the way back.';
COMMENT ON COLUMN masking.plivo_numbers.number IS 'The proxy number.';
COMMENT ON COLUMN masking.plivo_numbers.former IS 'Id of the application it had before; NULL: none.';
COMMENT ON COLUMN masking.plivo_numbers.sms IS 'It took texts when it was attached.';
COMMENT ON COLUMN masking.plivo_numbers.switched_off IS
  'check --fix or disconnect disabled it in the pool, so connect may enable it again.';
COMMENT ON COLUMN masking.plivo_numbers.attached_at IS 'When it was to be attached.';

CREATE TABLE masking.plivo_look (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  looked_at timestamptz NOT NULL,
  credits numeric,
  prepaid boolean NOT NULL,
  application jsonb
);
COMMENT ON TABLE masking.plivo_look IS 'The last complete look at Plivo; one row, or none.';
COMMENT ON COLUMN masking.plivo_look.one IS 'Only one row has room.';
COMMENT ON COLUMN masking.plivo_look.looked_at IS 'When it ended.';
COMMENT ON COLUMN masking.plivo_look.credits IS 'What was left on the account; NULL: Plivo did not say.';
COMMENT ON COLUMN masking.plivo_look.prepaid IS 'The account stops at zero: prepaid, and not filled up by itself.';
COMMENT ON COLUMN masking.plivo_look.application IS 'Our application as Plivo has it; NULL: it is gone.';

CREATE TABLE masking.plivo_seen (
  number bigint PRIMARY KEY,
  owner text NOT NULL CHECK (owner IN ('ours', 'free', 'other', 'trunk', 'subaccount', 'strange')),
  voice boolean NOT NULL,
  sms boolean NOT NULL,
  renews date,
  rent numeric
);
COMMENT ON TABLE masking.plivo_seen IS 'The numbers of the account at the last look.';
COMMENT ON COLUMN masking.plivo_seen.number IS 'The number.';
COMMENT ON COLUMN masking.plivo_seen.owner IS 'Whose it is: our application''s, nobody''s, another application''s, a trunk''s, a subaccount''s.';
COMMENT ON COLUMN masking.plivo_seen.voice IS 'It takes calls.';
COMMENT ON COLUMN masking.plivo_seen.sms IS 'It takes texts.';
COMMENT ON COLUMN masking.plivo_seen.renews IS 'When its rent is due next.';
COMMENT ON COLUMN masking.plivo_seen.rent IS 'Its rent for a month.';

CREATE TABLE masking.plivo_suspects (
  number bigint PRIMARY KEY,
  since timestamptz NOT NULL
);
COMMENT ON TABLE masking.plivo_suspects IS
  'Numbers of the pool found lost or gone by each look since: check --fix wants an hour of that.';
COMMENT ON COLUMN masking.plivo_suspects.number IS 'The proxy number.';
COMMENT ON COLUMN masking.plivo_suspects.since IS 'When the first of these looks was.';

CREATE TABLE masking.plivo_runs (
  run bigint PRIMARY KEY DEFAULT hashtextextended(gen_random_uuid()::text, 0),
  command text NOT NULL CHECK (command IN ('connect', 'check', 'disconnect')),
  options jsonb NOT NULL,
  phase text NOT NULL,
  round integer NOT NULL DEFAULT 1,
  place integer NOT NULL DEFAULT 0,
  readings integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  pause integer NOT NULL DEFAULT 0,
  total integer NOT NULL DEFAULT 0,
  picture jsonb NOT NULL,
  step jsonb,
  words text[] NOT NULL DEFAULT '{}',
  exit_code integer NOT NULL DEFAULT 0,
  begun_at timestamptz NOT NULL DEFAULT now(),
  heard_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
CREATE UNIQUE INDEX plivo_one_at_work ON masking.plivo_runs ((true)) WHERE ended_at IS NULL;
COMMENT ON TABLE masking.plivo_runs IS 'Runs of number-masking-plivo: what has been read and done so far. Kept for a week.';
COMMENT ON COLUMN masking.plivo_runs.run IS 'Its number, which nobody can guess.';
COMMENT ON COLUMN masking.plivo_runs.command IS 'What was asked for.';
COMMENT ON COLUMN masking.plivo_runs.options IS 'And how: account, public_url, app, all, yes, fix, numbers, take and so on.';
COMMENT ON COLUMN masking.plivo_runs.phase IS 'What it is waiting for an answer to.';
COMMENT ON COLUMN masking.plivo_runs.round IS '1: before anything is changed; 2: reading again afterwards.';
COMMENT ON COLUMN masking.plivo_runs.place IS 'How far a list has been read.';
COMMENT ON COLUMN masking.plivo_runs.readings IS 'How often the list was begun anew, because it changed meanwhile.';
COMMENT ON COLUMN masking.plivo_runs.tries IS 'How often the application was to be created.';
COMMENT ON COLUMN masking.plivo_runs.pause IS 'Seconds to wait before the next request.';
COMMENT ON COLUMN masking.plivo_runs.total IS 'Numbers that had something to be done when it began.';
COMMENT ON COLUMN masking.plivo_runs.picture IS 'What Plivo has: account, application, numbers; and refused, numbers that could not be done. Emptied at the end.';
COMMENT ON COLUMN masking.plivo_runs.step IS 'The change that was asked for last.';
COMMENT ON COLUMN masking.plivo_runs.words IS 'What is to be said next; a "!" before a warning.';
COMMENT ON COLUMN masking.plivo_runs.exit_code IS 'How it will end.';
COMMENT ON COLUMN masking.plivo_runs.begun_at IS 'When it began.';
COMMENT ON COLUMN masking.plivo_runs.heard_at IS 'Its last turn. Another run may take over 2 minutes later.';
COMMENT ON COLUMN masking.plivo_runs.ended_at IS 'When it ended; NULL: it is at work and keeps others out, or was interrupted.';

COMMIT;
