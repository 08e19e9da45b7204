-- deleting an order cuts both parties off; the record of its calls stays
DELETE FROM orders WHERE order_id = 'A-1001';
