-- Verify number-masking:orders on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, customer_number, agent_number, proxy_number, placed_at, completed_at, cancelled_at,
  unmasked_since, forgotten_at
FROM masking.orders WHERE false;
SELECT 1 / has_column_privilege('masking_orders', 'masking.orders', 'agent_number', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('masking_orders', 'masking.orders', 'proxy_number', 'UPDATE'))::int;

ROLLBACK;
