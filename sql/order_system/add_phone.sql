-- a further phone of a party, at any time: it reaches the other party as the main one does
INSERT INTO order_phones (order_id, side, number) VALUES ('A-1001', 'customer', '+1 415 666 7007');
