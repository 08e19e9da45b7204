-- Revert number-masking:proxy_numbers from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.proxy_numbers;
DROP FUNCTION masking.proxy_numbers_normalise();

COMMIT;
