-- Revert number-masking:orders from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.dial_prefixes;
DROP TABLE masking.block_log;
DROP TABLE masking.rule_version;
DROP TABLE masking.blocked_people;
DROP TABLE masking.order_blocks;
DROP TABLE masking.order_phones;
DROP TABLE masking.orders;

COMMIT;
