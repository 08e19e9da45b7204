-- both at once
INSERT INTO orders (order_id, customer_number, agent_number)
VALUES ('A-1002', '+1 (415) 666-7779', '0014156667780') RETURNING proxy_number;
