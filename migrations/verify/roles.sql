-- Verify number-masking:roles on pg

SELECT 1 / (count(*) = 3)::int
FROM pg_catalog.pg_roles
WHERE rolname IN ('masking_owner', 'masking_orders', 'masking_server')
  AND rolcanlogin AND NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb
  AND NOT rolbypassrls AND NOT rolreplication;
