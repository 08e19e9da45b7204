-- Verify number-masking:console on pg

BEGIN;

SELECT 1 / (count(*) = 2)::int FROM pg_roles WHERE rolname IN ('masking_console', 'masking_support') AND NOT rolsuper;
SET LOCAL ROLE masking_owner;
SELECT looked_at, who, role, page, subject, log_id FROM masking.console_log WHERE false;
SELECT 1 / (NOT has_table_privilege(r, 'masking.console_log', 'SELECT, INSERT, UPDATE, DELETE'))::int
FROM unnest(ARRAY['masking_console', 'masking_support', 'masking_orders', 'masking_server']) r;

ROLLBACK;
