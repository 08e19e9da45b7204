-- swap the agent: old agent cut off at commit; proxy kept if the constraint allows
UPDATE orders SET agent_number = '14156669999' WHERE order_id = 'A-1001' RETURNING proxy_number;
