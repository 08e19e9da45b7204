-- Deploy number-masking:calls to pg
--
-- The record: one row per call, refusals too, written in the statement that
-- decides it. No phone number of a party is kept here: route_id and order_ids
-- say who it was for as long as the routes may say it.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.calls (
  call_uuid text COLLATE "C" PRIMARY KEY,
  called_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL,
  proxy bigint,
  side text CHECK (side IN ('customer', 'agent')),
  order_ids text[],
  route_id bigint,
  outcome text NOT NULL,
  repeats integer NOT NULL DEFAULT 0,
  earlier_answers jsonb
);
COMMENT ON TABLE masking.calls IS
  'One row per call Plivo asked about, connected or not. Holds no phone number of a party.';
COMMENT ON COLUMN masking.calls.call_uuid IS 'Plivo''s CallUUID.';
COMMENT ON COLUMN masking.calls.called_at IS 'When Plivo first asked.';
COMMENT ON COLUMN masking.calls.answered_at IS 'When the answer in this row was given.';
COMMENT ON COLUMN masking.calls.proxy IS 'The number dialled; NULL: not a usable number.';
COMMENT ON COLUMN masking.calls.side IS
  'Who called: the customer or the agent of the latest of order_ids; NULL: not connected.';
COMMENT ON COLUMN masking.calls.order_ids IS
  'The orders this call was about: all that these two people share on this number.';
COMMENT ON COLUMN masking.calls.route_id IS
  'The latest route that connected it; joins to routes with order_ids.';
COMMENT ON COLUMN masking.calls.outcome IS
  'connected, unknown_caller, no_caller_id, bad_dialled_number, or apologised (the database was away).';
COMMENT ON COLUMN masking.calls.repeats IS 'How often Plivo asked again.';
COMMENT ON COLUMN masking.calls.earlier_answers IS
  'Answers given before this one that differ from it, oldest first; NULL: the answer never changed.';

COMMIT;
