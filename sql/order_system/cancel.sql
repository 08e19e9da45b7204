-- cancelled: both parties are cut off at commit
UPDATE orders SET cancelled_at = now() WHERE order_id = 'A-1001';
