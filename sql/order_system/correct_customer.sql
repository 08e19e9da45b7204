-- the customer's number was wrong: the old one is cut off at commit
UPDATE orders SET customer_number = '+1 415 666 7006' WHERE order_id = 'A-1001' RETURNING proxy_number, masking;
