-- Verify number-masking:triggers on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (count(*) = 12)::int
FROM pg_catalog.pg_trigger
WHERE tgrelid IN ('masking.orders'::regclass, 'masking.order_phones'::regclass, 'masking.routes'::regclass, 'masking.order_blocks'::regclass,
  'masking.proxy_numbers'::regclass, 'masking.dial_prefixes'::regclass)
  AND NOT tgisinternal AND tgenabled = 'A' AND tgname !~ '^told_';

ROLLBACK;
