-- Verify number-masking:people_locks on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / masking.lock_people(ARRAY[14156667777, 14156667778], interval '1 second')::int;

ROLLBACK;
