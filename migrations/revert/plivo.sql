-- Revert number-masking:plivo from pg
--
-- A role that another database of this cluster still uses has to stay, and so has one that
-- whoever reverts may not drop.

BEGIN;

SET LOCAL ROLE masking_owner;
DROP TABLE masking.plivo_runs, masking.plivo_suspects, masking.plivo_seen, masking.plivo_look,
  masking.plivo_numbers, masking.plivo_connection;
REVOKE USAGE ON SCHEMA masking FROM masking_plivo;
RESET ROLE;

DO $$
BEGIN
  DROP ROLE IF EXISTS masking_plivo;
EXCEPTION
  WHEN dependent_objects_still_exist THEN
    RAISE NOTICE 'role masking_plivo stays: another database of this cluster uses it';
  WHEN insufficient_privilege THEN
    RAISE NOTICE 'role masking_plivo stays: % may not drop it', current_user;
END
$$;

COMMIT;
