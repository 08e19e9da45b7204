-- Verify number-masking:unmasked_orders on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, placed_at, unmasked_since FROM masking.unmasked_orders WHERE false;
SELECT 1 / has_function_privilege('masking_server', 'masking.assign_pending(integer)', 'EXECUTE')::int;

ROLLBACK;
