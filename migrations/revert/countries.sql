-- Revert number-masking:countries from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.number_lengths;
DROP TABLE masking.countries;
DROP FUNCTION masking.make_own();

COMMIT;
