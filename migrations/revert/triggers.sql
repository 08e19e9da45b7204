-- Revert number-masking:triggers from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER written ON masking.proxy_numbers;
DROP FUNCTION masking.proxy_numbers_written();
DROP TRIGGER belongs ON masking.routes;
DROP FUNCTION masking.routes_opened();
DROP TRIGGER written ON masking.dial_prefixes;
DROP FUNCTION masking.dial_prefixes_written();
DROP TRIGGER follow ON masking.order_blocks;
DROP FUNCTION masking.order_blocks_follow();
DROP TRIGGER guard ON masking.order_blocks;
DROP FUNCTION masking.order_blocks_guarded();
DROP TRIGGER written ON masking.order_blocks;
DROP FUNCTION masking.order_blocks_written();
DROP TRIGGER guard ON masking.order_phones;
DROP FUNCTION masking.order_phones_guarded();
DROP TRIGGER written ON masking.order_phones;
DROP FUNCTION masking.order_phones_written();
DROP TRIGGER keep_all ON masking.orders;
DROP TRIGGER guard ON masking.orders;
DROP FUNCTION masking.orders_guarded();
DROP TRIGGER keep ON masking.orders;
DROP TRIGGER written ON masking.orders;
DROP FUNCTION masking.orders_written();

COMMIT;
