-- Verify number-masking:choose_proxy on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT available, proxy
FROM masking.choose_proxy(
  jsonb_populate_record(NULL::masking.orders,
    '{"order_id": "verify", "customer_number": "14156667777", "agent_number": "14156667778"}'),
  now(), '{}');

ROLLBACK;
