-- Revert number-masking:reasons from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TYPE masking.finding;
DROP TABLE masking.reasons;

COMMIT;
