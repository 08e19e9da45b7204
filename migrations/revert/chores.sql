-- Revert number-masking:chores from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.refused_signatures;
DROP TABLE masking.gauge_values;
DROP SEQUENCE masking.unmasked_total;
DROP TABLE masking.chores;

COMMIT;
