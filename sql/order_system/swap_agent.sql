-- swap the agent: old agent cut off at commit; proxy kept if the constraint allows
UPDATE orders SET agent_number = '+1 415-666-7005' WHERE order_id = 'A-1001' RETURNING proxy_number, masking;
