-- Takes TEMPORARY on this database from everybody, at every migration, for the
-- reasons given in deploy/least_privilege.sql: rights on a database are not copied with it, so a
-- restored dump, or a copy made as a template, has them back.

DO $$
BEGIN
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  END IF;
END
$$;
