-- and cut off again
DELETE FROM order_phones WHERE order_id = 'A-1001' AND side = 'customer' AND number = '14156667007';
