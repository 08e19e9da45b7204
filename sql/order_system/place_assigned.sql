-- both at once
INSERT INTO orders (order_id, customer_number, agent_number)
VALUES ('A-1002', '+1 (415) 666-7003', '+1 415 666 7004') RETURNING proxy_number, masking;
