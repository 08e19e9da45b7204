-- Verify number-masking:retention on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT orders, routes FROM masking.forget_numbers('100 years', 1);
SELECT 1 / (count(*) = 5)::int FROM masking.remembered('100 years');
SELECT 1 / has_function_privilege('masking_server', 'masking.retention_run()', 'EXECUTE')::int;

ROLLBACK;
