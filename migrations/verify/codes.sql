-- Verify number-masking:codes on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, code_id, side, code, proxy, live, closed FROM masking.codes WHERE false;
SELECT call_uuid, attempt, caller, proxy, failed_at FROM masking.code_failures WHERE false;

ROLLBACK;
