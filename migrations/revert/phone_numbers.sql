-- Revert number-masking:phone_numbers from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.e164(text, text);
DROP FUNCTION masking.redacted(text);

COMMIT;
