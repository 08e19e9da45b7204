-- Verify number-masking:routing on pg

SELECT 1 / (count(*) = 3)::int
FROM pg_catalog.pg_trigger
WHERE tgrelid IN ('masking.orders'::regclass, 'masking.routes'::regclass)
  AND tgname IN ('route', 'unroute', 'belongs') AND tgenabled = 'O';
