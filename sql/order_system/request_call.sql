-- press "call": the agent's phone rings first, then the customer's
INSERT INTO call_requests (order_id, side) VALUES ('A-1001', 'agent') RETURNING request_id, state;
