-- Verify number-masking:number_hashes on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (masking.hashed(14156667777) < 0)::int;

ROLLBACK;
