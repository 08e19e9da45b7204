-- Revert number-masking:orders from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.order_phones;
DROP TABLE masking.orders;

COMMIT;
