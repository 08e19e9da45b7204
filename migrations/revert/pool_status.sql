-- Revert number-masking:pool_status from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.gauges();
DROP FUNCTION masking.refresh_pool_summary();
DROP TABLE masking.pool_summary;
DROP VIEW masking.pool_status;

COMMIT;
