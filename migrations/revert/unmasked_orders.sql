-- Revert number-masking:unmasked_orders from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.assign_pending(integer);
DROP VIEW masking.unmasked_orders;

COMMIT;
