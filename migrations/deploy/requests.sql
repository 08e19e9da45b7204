-- Deploy number-masking:requests to pg
--
-- Calls that we place: somebody presses "call" in an app, the order system writes a row, and
-- number-masking-plivo place has Plivo ring that side first, then the other. The order system writes
-- and reads the view call_requests: a table could not give who asks twice the request that is open, as a
-- trigger of a view can.
--
--   requested ----> placing ----> ringing        what follows stands in masking.calls, by call_uuid
--       ^  |           |  |
--       +--------------+  +-----> failed, unknown
--          +----> refused, expired
--
-- "placing" is committed before Plivo is asked, and never left for "requested" unless it is certain that
-- Plivo was not asked: so nothing is placed twice.

BEGIN;

DO $$
BEGIN
  CREATE ROLE masking_caller LOGIN;
  ALTER ROLE masking_caller SET search_path = pg_catalog;
  ALTER ROLE masking_caller SET array_nulls = on;
  ALTER ROLE masking_caller SET default_transaction_isolation = 'read committed';
  ALTER ROLE masking_caller SET lock_timeout = '1s';
  ALTER ROLE masking_caller SET statement_timeout = '5s';
  ALTER ROLE masking_caller SET idle_in_transaction_session_timeout = '5s';
  COMMENT ON ROLE masking_caller IS 'number-masking-plivo place: may take the calls that are asked for, one by one, and nothing else.';
  -- What it is told holds phone numbers, as in roles.sql.
  IF current_setting('is_superuser') = 'on' THEN
    ALTER ROLE masking_caller SET log_min_error_statement = panic;
    ALTER ROLE masking_caller SET log_parameter_max_length = 0;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- another database of this cluster made it
END
$$;

SET LOCAL ROLE masking_owner;
GRANT USAGE ON SCHEMA masking TO masking_caller;

INSERT INTO masking.settings (name, amount, meaning) VALUES
  ('requests_per_hour', 10, 'how many calls may be asked for about one order within an hour (call_requests), by both sides together; 0: any number'),
  ('requests_per_second', 2, 'how many calls are placed within a second at most; Plivo lets an account place 2, and has those beyond wait');
INSERT INTO masking.settings (name, word, allowed, meaning) VALUES
  ('request_number', 'none', 'none|[1-9][0-9]{6,14}', 'which number of ours both see on a call that we place while the pool is empty; none: such calls are refused');

CREATE TABLE masking.requests (
  request_id text COLLATE "C" PRIMARY KEY DEFAULT gen_random_uuid()::text,
  order_id text COLLATE "C" NOT NULL,
  side text NOT NULL CHECK (side IN ('customer', 'agent')),
  first bigint,
  requested_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('requested', 'placing', 'ringing', 'failed', 'refused', 'expired', 'unknown')),
  reason text,
  proxy bigint,
  placed_at timestamptz,
  placed_by bigint,
  request_uuid text COLLATE "C",
  call_uuid text COLLATE "C",
  ended_at timestamptz,
  CONSTRAINT phone_while_open CHECK (ended_at IS NULL OR first IS NULL)
);
-- One that is open for an order and a side; what is to be placed, oldest first; how many an order had.
CREATE UNIQUE INDEX requests_open ON masking.requests (order_id, side) WHERE ended_at IS NULL;
CREATE INDEX requests_waiting ON masking.requests (requested_at, request_id) WHERE state IN ('requested', 'placing') AND ended_at IS NULL;
CREATE INDEX requests_of_order ON masking.requests (order_id, requested_at);
CREATE INDEX requests_by_time ON masking.requests (requested_at);
-- Phones are no planner's business: statistics would keep them (as forget_statistics says).
ALTER TABLE masking.requests ALTER COLUMN first SET STATISTICS 0;
COMMENT ON TABLE masking.requests IS
  'Calls that the order system asked for: we ring one side of an order, then the other. Written through the view call_requests; kept as long as calls.';
COMMENT ON COLUMN masking.requests.request_id IS 'Names the request; part of the URL that Plivo asks about its call.';
COMMENT ON COLUMN masking.requests.order_id IS 'The order.';
COMMENT ON COLUMN masking.requests.side IS 'Who is rung first.';
COMMENT ON COLUMN masking.requests.first IS
  'The phone of that side that is rung, as it is dialled; forgotten with the end. Whoever is swapped before it rings is not followed by another.';
COMMENT ON COLUMN masking.requests.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN masking.requests.expires_at IS 'Until when it is placed, and must be answered.';
COMMENT ON COLUMN masking.requests.state IS
  'requested, placing (Plivo is being asked), ringing (Plivo has it: what became of it stands in calls), failed (Plivo refuses it), refused (the two may not talk any more), expired, unknown (nobody knows whether Plivo has it). What the order system reads is call_requests.state.';
COMMENT ON COLUMN masking.requests.reason IS
  'Of failed Plivo''s words, without digits; of refused the outcome that a call would have had, as in outcomes (call).';
COMMENT ON COLUMN masking.requests.proxy IS 'The number that both see; NULL: not placed yet.';
COMMENT ON COLUMN masking.requests.placed_at IS 'When Plivo was to be asked last.';
COMMENT ON COLUMN masking.requests.placed_by IS 'By which run of number-masking-plivo place.';
COMMENT ON COLUMN masking.requests.request_uuid IS 'Plivo''s RequestUUID; NULL: not told.';
COMMENT ON COLUMN masking.requests.call_uuid IS 'Plivo''s CallUUID, of the first webhook about it: another call gets no answer. As in calls.';
COMMENT ON COLUMN masking.requests.ended_at IS 'When nothing more was to come of it; NULL: it is open.';

CREATE TABLE masking.placer (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  who bigint,
  heard_at timestamptz,
  last_placed_at timestamptz
);
COMMENT ON TABLE masking.placer IS
  'One row: which run of number-masking-plivo place is at work. Others stand by: what Plivo limits is the account''s.';
COMMENT ON COLUMN masking.placer.one IS 'Only one row has room.';
COMMENT ON COLUMN masking.placer.who IS 'A random number that the run has given itself; NULL: none is at work.';
COMMENT ON COLUMN masking.placer.heard_at IS 'When it was heard of last, within 2 s; another takes over after 15 s of silence.';
COMMENT ON COLUMN masking.placer.last_placed_at IS 'When it took a request last, or after Plivo said that it is too much, a little later.';
INSERT INTO masking.placer DEFAULT VALUES;

COMMIT;
