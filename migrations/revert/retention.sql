-- Revert number-masking:retention from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.erase_person(text);
DROP FUNCTION masking.erase_traces(bigint, text[]);
DROP FUNCTION masking.remembered(interval);
DROP FUNCTION masking.retention_run();
DROP FUNCTION masking.forget_numbers(interval, integer);
DROP FUNCTION masking.forget_traces(interval, integer);

COMMIT;
