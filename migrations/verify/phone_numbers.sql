-- Verify number-masking:phone_numbers on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (masking.e164('+1 (415) 666-7777', 'number') = '14156667777')::int;
SELECT 1 / (masking.redacted('14156667777') = '**77')::int;

ROLLBACK;
