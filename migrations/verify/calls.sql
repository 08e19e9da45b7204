-- Verify number-masking:calls on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT call_uuid, called_at, answered_at, proxy, side, order_ids, route_id, outcome, repeats,
  earlier_answers
FROM masking.calls WHERE false;

ROLLBACK;
