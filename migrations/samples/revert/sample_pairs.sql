-- Revert number-masking-samples:sample_pairs from pg
--
-- Their routes go too: nothing of the samples stays.

BEGIN;
SET LOCAL ROLE masking_owner;

DELETE FROM masking.orders WHERE order_id IN ('SAMPLE-1', 'SAMPLE-2', 'SAMPLE-3');
DELETE FROM masking.routes WHERE order_id IN ('SAMPLE-1', 'SAMPLE-2', 'SAMPLE-3');

COMMIT;
