-- Verify number-masking:settings on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT 1 / (count(*) >= 6)::int FROM masking.settings;
SELECT 1 / (masking.setting_span('cool_off') IS NOT NULL)::int;

ROLLBACK;
