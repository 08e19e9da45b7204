-- Revert number-masking:calls from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.calls;

COMMIT;
