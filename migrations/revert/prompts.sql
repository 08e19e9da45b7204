-- Revert number-masking:prompts from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.prompts;
DROP TABLE masking.outcomes;

COMMIT;
