-- Revert number-masking:feed from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER told_new ON masking.orders;
DROP TRIGGER told_changed ON masking.orders;
DROP TRIGGER told_gone ON masking.orders;
DROP FUNCTION masking.orders_told();
DROP TRIGGER told ON masking.calls;
DROP FUNCTION masking.calls_told();
ALTER TABLE masking.calls DROP COLUMN given_up;
DROP TABLE masking.feed_counter;
DROP TABLE masking.feed_inbox;
DROP TABLE masking.feed;

COMMIT;
