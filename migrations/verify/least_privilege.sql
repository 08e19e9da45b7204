-- Verify number-masking:least_privilege on pg

SELECT 1 / (NOT has_database_privilege('masking_server', current_database(), 'TEMPORARY')
  OR NOT pg_has_role(current_user, datdba, 'USAGE'))::int
FROM pg_database
WHERE datname = current_database();

SELECT 1 / (NOT has_function_privilege('masking_server', 'lo_create(oid)', 'EXECUTE') OR NOT rolsuper)::int
FROM pg_roles
WHERE rolname = current_user;
