-- Revert number-masking:pool from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.last_calls;
DROP TABLE masking.replacement_orders;
DROP TABLE masking.replacements;
DROP TABLE masking.pool_peaks;
DROP TABLE masking.proxy_numbers;

COMMIT;
