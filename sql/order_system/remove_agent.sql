-- take the agent off the order: both are cut off at commit
UPDATE orders SET agent_number = NULL WHERE order_id = 'A-1001';
