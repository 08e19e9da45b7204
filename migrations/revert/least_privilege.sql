-- Revert number-masking:least_privilege from pg
--
-- Back to what PostgreSQL has by default.

BEGIN;

DO $$
BEGIN
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM masking_orders, masking_owner', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
  END IF;
END
$$;

DO $$
DECLARE
  makes_objects regprocedure;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RETURN;
  END IF;
  FOR makes_objects IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_unlink')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM masking_orders, masking_owner', makes_objects);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', makes_objects);
  END LOOP;
END
$$;

COMMIT;
