-- what each party enters when calling from a phone we do not know (NULL while codes are off);
-- RETURNING customer_code, agent_code gives the same when the order is written
SELECT customer_code, agent_code FROM orders WHERE order_id = 'A-1001';
