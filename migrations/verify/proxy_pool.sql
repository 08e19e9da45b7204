-- Verify number-masking:proxy_pool on pg

SELECT 1 / count(*)
FROM pg_catalog.pg_trigger
WHERE tgrelid = 'masking.proxy_numbers'::regclass AND tgname = 'pool_change' AND tgenabled = 'O';
