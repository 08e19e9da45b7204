-- which orders found no proxy number free and are waiting for one?
SELECT order_id, placed_at, unmasked_since FROM unmasked_orders ORDER BY unmasked_since;
