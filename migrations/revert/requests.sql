-- Revert number-masking:requests from pg
--
-- A role that another database of this cluster still uses has to stay, and so has one that
-- whoever reverts may not drop.

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.placer;
DROP TABLE masking.requests;
ALTER TABLE masking.settings DISABLE TRIGGER keep;
DELETE FROM masking.settings WHERE name IN ('requests_per_hour', 'requests_per_second', 'request_number');
ALTER TABLE masking.settings ENABLE ALWAYS TRIGGER keep;
REVOKE USAGE ON SCHEMA masking FROM masking_caller;
RESET ROLE;

DO $$
BEGIN
  DROP ROLE IF EXISTS masking_caller;
EXCEPTION
  WHEN dependent_objects_still_exist THEN
    RAISE NOTICE 'role masking_caller stays: another database of this cluster uses it';
  WHEN insufficient_privilege THEN
    RAISE NOTICE 'role masking_caller stays: % may not drop it', current_user;
END
$$;

COMMIT;
