-- Revert number-masking:console from pg
--
-- A role that another database of this cluster still uses has to stay, and so has one that
-- whoever reverts may not drop.

BEGIN;

SET LOCAL ROLE masking_owner;
DROP TABLE masking.console_log;
DROP TYPE masking.console_line;
REVOKE USAGE ON SCHEMA masking FROM masking_console, masking_support;
RESET ROLE;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['masking_console', 'masking_support'] LOOP
    BEGIN
      EXECUTE format('DROP ROLE IF EXISTS %I', name);
    EXCEPTION
      WHEN dependent_objects_still_exist THEN
        RAISE NOTICE 'role % stays: another database of this cluster uses it', name;
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'role % stays: % may not drop it', name, current_user;
    END;
  END LOOP;
END
$$;

COMMIT;
