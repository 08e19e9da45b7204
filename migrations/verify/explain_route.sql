-- Verify number-masking:explain_route on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (words IS NOT NULL)::int
FROM masking.explain_route('14156667777', '14155550100', now());

ROLLBACK;
