-- place: no agent yet, so nothing to route
INSERT INTO orders (order_id, customer_number) VALUES ('A-1001', '+1 415-666-7001');
