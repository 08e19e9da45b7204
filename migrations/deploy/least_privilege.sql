-- Deploy number-masking:least_privilege to pg
--
-- PostgreSQL lets every role make temporary tables and large objects in every
-- database. The server's role needs none, and a right it does not need is one
-- more thing an intruder could use; it comes through PUBLIC, so it can only be
-- taken there. Who shares this database with other applications grants the
-- like to their roles. Only the database's owner can take the one, only a
-- superuser the other; done by somebody else, what cannot be taken stays.

BEGIN;

DO $$
BEGIN
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO masking_owner', current_database());
  ELSE
    RAISE NOTICE 'only the owner of this database can take TEMPORARY on it from PUBLIC; left as it is';
  END IF;
END
$$;

-- Large objects. PUBLIC has never had lo_import and lo_export, which touch files.
DO $$
DECLARE
  makes_objects regprocedure;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE NOTICE 'only a superuser can take the making of large objects from PUBLIC; left as it is';
    RETURN;
  END IF;
  FOR makes_objects IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_unlink')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', makes_objects);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO masking_orders, masking_owner', makes_objects);
  END LOOP;
END
$$;

COMMIT;
