-- Verify number-masking:routing on pg

SELECT 1 / (count(*) = 2)::int
FROM pg_catalog.pg_trigger
WHERE tgrelid = 'masking.orders'::regclass AND tgname IN ('route', 'unroute') AND tgenabled = 'O';
