-- Verify number-masking:countries on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (count(*) > 200)::int FROM masking.countries;
SELECT 1 / (count(*) > 400)::int FROM masking.number_lengths;
SELECT country, name, code, is_main, trunks, abroad, is_own FROM masking.countries WHERE false;
SELECT code, length, first_digits, of_people, is_own FROM masking.number_lengths WHERE false;
SELECT 1 / count(*) FROM pg_proc WHERE oid = 'masking.make_own()'::regprocedure;

ROLLBACK;
