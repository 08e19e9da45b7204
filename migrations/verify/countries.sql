-- Verify number-masking:countries on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (count(*) > 200)::int FROM masking.countries;
SELECT country, name, code, is_main, trunks, lengths, first_digits, abroad FROM masking.countries WHERE false;

ROLLBACK;
