-- Verify number-masking:order_phones on pg

BEGIN;

SELECT 1 / has_column_privilege('masking_orders', 'masking.order_phones', 'number', 'INSERT')::int;

SET LOCAL ROLE masking_owner;

SELECT order_id, side, number, routed_since FROM masking.order_phones WHERE false;

ROLLBACK;
