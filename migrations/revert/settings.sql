-- Revert number-masking:settings from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.setting_span(text);
DROP TABLE masking.settings;
DROP FUNCTION masking.refuse_change();

COMMIT;
