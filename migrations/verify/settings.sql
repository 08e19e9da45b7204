-- Verify number-masking:settings on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT name, span, is_on, amount, word, allowed, meaning FROM masking.settings WHERE false;
SELECT 1 / (count(*) >= 11)::int FROM masking.settings;
SELECT 1 / count(*) FROM masking.secrets WHERE name = 'number_hashes';

ROLLBACK;
