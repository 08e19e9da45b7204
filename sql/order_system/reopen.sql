-- not done after all: both parties can call again
UPDATE orders SET completed_at = NULL WHERE order_id = 'A-1001' RETURNING proxy_number, masking;
