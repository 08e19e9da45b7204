-- Revert number-masking:codes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.code_failures;
DROP TABLE masking.codes;

COMMIT;
