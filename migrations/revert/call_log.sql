-- Revert number-masking:call_log from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP VIEW masking.call_log;

COMMIT;
