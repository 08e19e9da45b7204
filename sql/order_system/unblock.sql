-- and let them call again
DELETE FROM order_blocks WHERE order_id = 'A-1001' AND side = 'customer';
