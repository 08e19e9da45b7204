-- Verify number-masking:calls on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT call_uuid, called_at, answered_at, proxy, ask, side, order_ids, route_id, caller_hash, caller_digits, outcome,
  repeats, earlier_answers, placed, dial_status, callee_answered, callee_seconds, caller_seconds, recording_url
FROM masking.calls WHERE false;
SELECT message_uuid, received_at, answered_at, proxy, ask, side, order_ids, route_id, outcome, told, repeats, earlier_outcomes
FROM masking.messages WHERE false;
SELECT (NULL::masking.answer).digits, (NULL::masking.answer).greets_callee;
SELECT message_uuid, part, parts, status, error_code, told_at FROM masking.deliveries WHERE false;
SELECT number, event, told_at FROM masking.told_senders WHERE false;
SELECT person_hash, proxy, said_at FROM masking.opted_out WHERE false;

ROLLBACK;
