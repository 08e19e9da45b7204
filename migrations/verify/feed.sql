-- Verify number-masking:feed on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT position, happened_at, told_at, kind, what, order_ids, side, proxy_number, former_number, answered, seconds, uuid
FROM masking.feed WHERE false;
SELECT feed_id, happened_at, kind, what, order_ids, side, proxy_number, former_number, uuid FROM masking.feed_inbox WHERE false;
SELECT given_up FROM masking.calls WHERE false;
SELECT 1 / count(*) FROM masking.feed_counter;

ROLLBACK;
