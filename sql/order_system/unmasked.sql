-- which orders found no proxy number free and are waiting for one?
SELECT order_id, placed_at, unmasked_since, reason FROM unmasked_orders ORDER BY unmasked_since;
