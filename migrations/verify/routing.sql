-- Verify number-masking:routing on pg

SELECT 1 / count(*)
FROM pg_catalog.pg_trigger
WHERE tgrelid = 'masking.orders'::regclass AND tgname = 'route' AND tgenabled = 'O';
