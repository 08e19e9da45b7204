-- Verify number-masking:proxy_numbers on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT number, prefix, enabled, e164 FROM masking.proxy_numbers WHERE false;

ROLLBACK;
