-- Verify number-masking:call_life on pg

BEGIN;

SELECT 1 / has_function_privilege('masking_server',
  'masking.record_events(text[], text[], bigint[], bigint[], text[], text[])', 'EXECUTE')::int;

SET LOCAL ROLE masking_owner;

SELECT facts, dial_status, rang, answered, ring_seconds, talk_seconds, call_seconds, hung_up_by,
  hangup_cause, hangup_code, cost, recording_url, recording_seconds
FROM masking.calls WHERE false;
SELECT 1 / ((masking.life('{"action": "1", "action.DialStatus": "completed"}')).answered)::int;

ROLLBACK;
