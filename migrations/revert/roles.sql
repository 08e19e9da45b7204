-- Revert number-masking:roles from pg
--
-- A role that another database of this cluster still uses has to stay, and so has one that
-- somebody else made (from PostgreSQL 16 on, only he may drop it).

BEGIN;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['masking_server', 'masking_orders', 'masking_owner'] LOOP
    BEGIN
      EXECUTE format('DROP ROLE IF EXISTS %I', name);
    EXCEPTION
      WHEN dependent_objects_still_exist THEN
        RAISE NOTICE 'role % stays: another database of this cluster uses it', name;
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'role % stays: another role made it', name;
    END;
  END LOOP;
END
$$;

COMMIT;
