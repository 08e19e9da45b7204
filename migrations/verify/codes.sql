-- Verify number-masking:codes on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, code_id, side, code, proxy, live FROM masking.codes WHERE false;
SELECT customer_code, agent_code FROM masking.orders WHERE false;
SELECT call_uuid, attempt, caller, proxy, failed_at FROM masking.code_failures WHERE false;
SELECT proxy, failures, callers FROM masking.guessing WHERE false;
SELECT 1 / (outcome IS NOT NULL)::int FROM masking.stranger(14156660000, 14155550100, NULL, true);

ROLLBACK;
