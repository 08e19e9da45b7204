-- Revert number-masking:settings from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.secrets;
DROP TABLE masking.settings;
DROP FUNCTION masking.setting_written();
DROP FUNCTION masking.refuse_change();

COMMIT;
