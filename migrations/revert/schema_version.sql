-- Revert number-masking:schema_version from pg

BEGIN;

SET LOCAL ROLE masking_owner;
DROP FUNCTION masking.schema_version();
RESET ROLE;

REVOKE SELECT ON sqitch.changes FROM masking_owner;
REVOKE USAGE ON SCHEMA sqitch FROM masking_owner;

COMMIT;
