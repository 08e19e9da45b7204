-- Verify number-masking-samples:sample_pairs on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (count(*) = 3)::int FROM masking.orders WHERE order_id LIKE 'SAMPLE-_';

ROLLBACK;
