-- Revert number-masking:countries from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.countries;

COMMIT;
