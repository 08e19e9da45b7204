-- Revert number-masking:people_locks from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.lock_order(text);
DROP FUNCTION masking.lock_people(bigint[], interval);
DROP FUNCTION masking.lock_key(bigint);
DROP FUNCTION masking.lock_by(timestamptz, text, integer);
DROP FUNCTION masking.lock_budget(integer);
DROP FUNCTION masking.lock_orders();

COMMIT;
