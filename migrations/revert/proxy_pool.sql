-- Revert number-masking:proxy_pool from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER pool_change ON masking.proxy_numbers;
DROP FUNCTION masking.proxy_numbers_change();

COMMIT;
