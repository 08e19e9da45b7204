-- Gives the roles the passwords found in the environment, at every
-- migration, so that changing one is: set it, migrate. A variable that is not
-- set leaves its role alone. A value may also be a ready SCRAM verifier
-- ("SCRAM-SHA-256$…"); then nobody who can read the database's log learns it.
-- Which database of the cluster set it stands in the role's comment, for
-- migrations/migrate, which asks before another one sets it anew.

\set MASKING_OWNER_PASSWORD ''
\set MASKING_ORDERS_PASSWORD ''
\set MASKING_SERVER_PASSWORD ''
\set MASKING_PLIVO_PASSWORD ''
\set MASKING_CONSOLE_PASSWORD ''
\set MASKING_SUPPORT_PASSWORD ''
\set MASKING_CALLER_PASSWORD ''
\getenv MASKING_OWNER_PASSWORD MASKING_OWNER_PASSWORD
\getenv MASKING_ORDERS_PASSWORD MASKING_ORDERS_PASSWORD
\getenv MASKING_SERVER_PASSWORD MASKING_SERVER_PASSWORD
\getenv MASKING_PLIVO_PASSWORD MASKING_PLIVO_PASSWORD
\getenv MASKING_CONSOLE_PASSWORD MASKING_CONSOLE_PASSWORD
\getenv MASKING_SUPPORT_PASSWORD MASKING_SUPPORT_PASSWORD
\getenv MASKING_CALLER_PASSWORD MASKING_CALLER_PASSWORD

SELECT format('ALTER ROLE %I PASSWORD %L', g.name, g.password),
  format('COMMENT ON ROLE %I IS %L', g.name, regexp_replace(coalesce(shobj_description(r.oid, 'pg_authid'), ''), ' [(]password from database .*[)]$', '')
    || format(' (password from database %s, %s)', d.datname, d.oid))
FROM pg_database d
CROSS JOIN (VALUES
  ('masking_owner', :'MASKING_OWNER_PASSWORD'),
  ('masking_orders', :'MASKING_ORDERS_PASSWORD'),
  ('masking_server', :'MASKING_SERVER_PASSWORD'),
  ('masking_plivo', :'MASKING_PLIVO_PASSWORD'),
  ('masking_console', :'MASKING_CONSOLE_PASSWORD'),
  ('masking_support', :'MASKING_SUPPORT_PASSWORD'),
  ('masking_caller', :'MASKING_CALLER_PASSWORD')) AS g (name, password)
JOIN pg_roles r ON r.rolname = g.name
WHERE g.password <> '' AND d.datname = current_database()
\gexec
