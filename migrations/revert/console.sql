-- Revert number-masking:console from pg
--
-- The roles stay, as another database of the cluster may use them; they can do nothing here.

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.console_log;
DROP TYPE masking.console_line;
REVOKE USAGE ON SCHEMA masking FROM masking_console, masking_support;

COMMIT;
