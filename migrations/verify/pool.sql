-- Verify number-masking:pool on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT number, prefix, enabled, language, e164 FROM masking.proxy_numbers WHERE false;
SELECT prefix, side, hour, counterparts FROM masking.pool_peaks WHERE false;
SELECT number, began_at, who, stopped, moved, waiting, remaining, finished_at, looked_at, settles_at, reached_id FROM masking.replacements WHERE false;
SELECT number, order_id FROM masking.replacement_orders WHERE false;
SELECT number, enabled_at, called_at FROM masking.last_calls WHERE false;

ROLLBACK;
