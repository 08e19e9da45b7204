-- Deploy number-masking:least_privilege to pg
--
-- PostgreSQL lets every role make temporary tables in every database. The
-- server's role needs none, and a right it does not need is one more thing an
-- intruder could use; it comes through PUBLIC, so it can only be taken there.
-- Who shares this database with other applications grants TEMPORARY to their
-- roles. A role that does not own the database cannot do this; then it stays.

BEGIN;

DO $$
BEGIN
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO masking_orders, masking_owner', current_database());
  ELSE
    RAISE NOTICE 'only the owner of this database can take TEMPORARY on it from PUBLIC; left as it is';
  END IF;
END
$$;

COMMIT;
