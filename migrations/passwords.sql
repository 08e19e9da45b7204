-- Gives the roles the passwords found in the environment, at every
-- migration, so that changing one is: set it, migrate. A variable that is not
-- set leaves its role alone. A value may also be a ready SCRAM verifier
-- ("SCRAM-SHA-256$…"); then nobody who can read the database's log learns it.

\set MASKING_OWNER_PASSWORD ''
\set MASKING_ORDERS_PASSWORD ''
\set MASKING_SERVER_PASSWORD ''
\set MASKING_PLIVO_PASSWORD ''
\set MASKING_CONSOLE_PASSWORD ''
\set MASKING_SUPPORT_PASSWORD ''
\getenv MASKING_OWNER_PASSWORD MASKING_OWNER_PASSWORD
\getenv MASKING_ORDERS_PASSWORD MASKING_ORDERS_PASSWORD
\getenv MASKING_SERVER_PASSWORD MASKING_SERVER_PASSWORD
\getenv MASKING_PLIVO_PASSWORD MASKING_PLIVO_PASSWORD
\getenv MASKING_CONSOLE_PASSWORD MASKING_CONSOLE_PASSWORD
\getenv MASKING_SUPPORT_PASSWORD MASKING_SUPPORT_PASSWORD

SELECT :'MASKING_OWNER_PASSWORD' <> '' AS owner_given,
  :'MASKING_ORDERS_PASSWORD' <> '' AS orders_given,
  :'MASKING_SERVER_PASSWORD' <> '' AS server_given,
  :'MASKING_PLIVO_PASSWORD' <> '' AS plivo_given,
  :'MASKING_CONSOLE_PASSWORD' <> '' AS console_given,
  :'MASKING_SUPPORT_PASSWORD' <> '' AS support_given \gset
\if :owner_given
  ALTER ROLE masking_owner PASSWORD :'MASKING_OWNER_PASSWORD';
\endif
\if :orders_given
  ALTER ROLE masking_orders PASSWORD :'MASKING_ORDERS_PASSWORD';
\endif
\if :server_given
  ALTER ROLE masking_server PASSWORD :'MASKING_SERVER_PASSWORD';
\endif
\if :plivo_given
  ALTER ROLE masking_plivo PASSWORD :'MASKING_PLIVO_PASSWORD';
\endif
\if :console_given
  ALTER ROLE masking_console PASSWORD :'MASKING_CONSOLE_PASSWORD';
\endif
\if :support_given
  ALTER ROLE masking_support PASSWORD :'MASKING_SUPPORT_PASSWORD';
\endif
