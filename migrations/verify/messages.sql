-- Verify number-masking:messages on pg

BEGIN;

SELECT 1 / has_function_privilege('masking_server',
  'masking.answer_messages(text[], bigint[], bigint[], text[])', 'EXECUTE')::int;

SET LOCAL ROLE masking_owner;

SELECT message_uuid, received_at, answered_at, proxy, side, order_ids, route_id, outcome, repeats
FROM masking.messages WHERE false;
SELECT number, told_at FROM masking.told_strangers WHERE false;

ROLLBACK;
