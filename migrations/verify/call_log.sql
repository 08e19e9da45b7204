-- Verify number-masking:call_log on pg

BEGIN;

SELECT 1 / has_table_privilege('masking_orders', 'masking.call_log', 'SELECT')::int;

SET LOCAL ROLE masking_owner;

SELECT called_at, order_id, caller, callee, outcome, ring_seconds, talk_seconds, hung_up_by,
  hangup_cause, hangup_code, cost, recording_seconds, repeats, call_uuid
FROM masking.call_log WHERE false;

ROLLBACK;
