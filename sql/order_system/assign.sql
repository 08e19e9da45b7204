-- assign: both parties can call from the moment this commits
UPDATE orders SET agent_number = '+1 415-666-7002' WHERE order_id = 'A-1001' RETURNING proxy_number, masking;
