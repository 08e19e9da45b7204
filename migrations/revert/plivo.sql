-- Revert number-masking:plivo from pg
--
-- With the functions of sql/plivo, which are nothing without these tables. A role that another
-- database of this cluster still uses has to stay.

BEGIN;

SET LOCAL ROLE masking_owner;
DROP VIEW IF EXISTS masking.pool_drift;
DO $$
DECLARE
  ours regprocedure;
BEGIN
  FOR ours IN
    SELECT oid FROM pg_proc WHERE pronamespace = 'masking'::regnamespace AND proname LIKE 'plivo\_%'
  LOOP
    EXECUTE format('DROP FUNCTION %s', ours);
  END LOOP;
END
$$;
DROP TABLE masking.plivo_runs, masking.plivo_suspects, masking.plivo_seen, masking.plivo_look,
  masking.plivo_numbers, masking.plivo_connection;
REVOKE USAGE ON SCHEMA masking FROM masking_plivo;
RESET ROLE;

DO $$
BEGIN
  DROP ROLE IF EXISTS masking_plivo;
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE 'role masking_plivo stays: another database of this cluster uses it';
END
$$;

COMMIT;
