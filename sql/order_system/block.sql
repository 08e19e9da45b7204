-- stop the calls and texts of one side at once; side: customer, agent or both
INSERT INTO order_blocks (order_id, side, reason) VALUES ('A-1001', 'customer', 'shouts') ON CONFLICT DO NOTHING;
