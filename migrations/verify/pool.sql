-- Verify number-masking:pool on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT number, prefix, enabled, language, e164 FROM masking.proxy_numbers WHERE false;
SELECT prefix, side, hour, counterparts FROM masking.pool_peaks WHERE false;

ROLLBACK;
