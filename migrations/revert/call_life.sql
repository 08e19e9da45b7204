-- Revert number-masking:call_life from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.record_events(text[], text[], bigint[], bigint[], text[], text[]);
DROP FUNCTION masking.prompt_after_dial(text);
DROP FUNCTION masking.life(jsonb);
DROP TYPE masking.life;
DROP FUNCTION masking.merged(jsonb, jsonb);
DROP FUNCTION masking.seconds_between(text, text);
DROP FUNCTION masking.as_time(text);
DROP FUNCTION masking.as_number(text);
ALTER TABLE masking.calls
  DROP COLUMN facts, DROP COLUMN dial_status, DROP COLUMN rang, DROP COLUMN answered,
  DROP COLUMN ring_seconds, DROP COLUMN talk_seconds, DROP COLUMN call_seconds,
  DROP COLUMN hung_up_by, DROP COLUMN hangup_cause, DROP COLUMN hangup_code, DROP COLUMN cost,
  DROP COLUMN recording_url, DROP COLUMN recording_seconds;
COMMENT ON COLUMN masking.calls.outcome IS
  'connected, unknown_caller, no_caller_id, bad_dialled_number, or apologised (the database was away).';

COMMIT;
