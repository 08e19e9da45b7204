-- Further phones of a party: routed like the first, under the same constraint.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550101'), ('14155550102'), ('14155550103');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');
CREATE FUNCTION pg_temp.proxy(the_order text) RETURNS bigint
LANGUAGE sql
AS $$ SELECT proxy_number::bigint FROM masking.orders WHERE order_id = the_order $$;
CREATE FUNCTION pg_temp.asks(caller bigint, the_order text DEFAULT 'A') RETURNS text
LANGUAGE sql
AS $$ SELECT tests.reaches(caller, pg_temp.proxy(the_order)) $$;

SELECT is(pg_temp.asks(14156661001), 'unknown_caller', 'before');
SELECT lives_ok($$SELECT tests.run_as('masking_orders', 'INSERT INTO order_phones (order_id, side, number) VALUES (''A'', ''customer'', ''+1 415-666-1001'')')$$,
  'the order system adds a phone, mid-order');
SELECT is(pg_temp.asks(14156661001), '14156667778', 'it reaches the agent');
SELECT is(pg_temp.asks(14156667777), '14156667778', 'so does the main phone');
SELECT is(pg_temp.asks(14156667778), '14156667777', 'who reaches the main phone');
SELECT is((SELECT side FROM masking.calls WHERE call_uuid = 'test-2'), 'customer', 'promise 4: as the customer');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'agent', '14156661002');
SELECT is(pg_temp.asks(14156661002), '14156667777', 'an agent has further phones too');
SELECT lives_ok($$INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'customer', '14156661001') ON CONFLICT DO NOTHING$$, 'adding one twice is harmless');
SELECT is((SELECT count(*) FROM masking.routes WHERE caller = 14156661001), 1::bigint, 'and routes it once');
SELECT is((SELECT bool_and(routed_since IS NOT NULL) FROM masking.order_phones), true, 'and it is seen that they are routed');

-- They follow the order.
UPDATE masking.orders SET agent_number = '14156669999' WHERE order_id = 'A';
SELECT is(pg_temp.asks(14156661001), '14156669999', 'after a swap the customer''s other phone reaches the new agent');
SELECT is(pg_temp.asks(14156661002), '14156667777', 'and what the agent''s party added stays');
SELECT is((SELECT ended FROM masking.routes WHERE caller = 14156661001 ORDER BY lower(live) LIMIT 1), 'agent swapped', 'history says why');
UPDATE masking.orders SET completed_at = now() - interval '10 minutes' WHERE order_id = 'A';
SELECT is(pg_temp.asks(14156661001), '14156669999', 'within the customer''s grace it still does');
SELECT is(pg_temp.asks(14156661002), 'order_over', 'the agent''s is over');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'A';
SELECT is(pg_temp.asks(14156661002), '14156667777', 'reopened');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT is(tests.reaches(14156661001, 14155550101), 'order_over', 'cancelled');
UPDATE masking.orders SET cancelled_at = NULL WHERE order_id = 'A';
SELECT is(pg_temp.asks(14156661001), '14156669999', 'and taken back');
DELETE FROM masking.order_phones WHERE number = '14156661001';
SELECT is(pg_temp.asks(14156661001), 'order_over', 'a phone that is removed is cut off');
SELECT is(pg_temp.asks(14156667777), '14156669999', 'and no other');

-- The same constraint.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156662001', '14156662002');
SELECT is(pg_temp.proxy('B'), pg_temp.proxy('A'), 'another order on the same number');
SELECT throws_ok($$INSERT INTO masking.order_phones (order_id, side, number) VALUES ('B', 'customer', '14156667777')$$, 'MK009', NULL,
  'promise 2: a phone that reaches somebody else there is refused');
SELECT is(pg_temp.asks(14156667777), '14156669999', 'and goes on reaching whom it did');
SELECT throws_ok(format('INSERT INTO masking.order_phones (order_id, side, number) VALUES (%s)', row_values), state, NULL, why)
FROM (VALUES ($$'A', 'customer', '14156667777'$$, 'MK003', 'not the own main phone'), ($$'A', 'customer', '14156669999'$$, 'MK003', 'nor the other''s'),
  ($$'A', 'customer', '14155550101'$$, 'MK004', 'nor a proxy number'), ($$'A', 'customer', 'abc'$$, 'MK001', 'nor what is no number'),
  ($$'Z', 'customer', '14156661009'$$, 'MK005', 'nor for no order'), ($$'A', 'cook', '14156661009'$$, 'MK005', 'nor for another side')) AS v (row_values, state, why);

-- An order moves on without failing for a further phone.
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('B', 'customer', '14156662009');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('C', '14156662009', '14156662010');
SELECT isnt(pg_temp.proxy('C'), pg_temp.proxy('B'), 'a phone with an order of its own gets another number for it');
DELETE FROM masking.orders WHERE order_id = 'B';
SELECT is((SELECT count(*) FROM masking.order_phones WHERE order_id = 'B'), 0::bigint, 'a deleted order takes its phones along');
SELECT is(tests.reaches(14156662009, pg_temp.proxy('A')), 'other_number', 'and cuts them off');

-- Before anybody is assigned, and forgotten with the order.
INSERT INTO masking.orders (order_id, customer_number) VALUES ('D', '14156663001');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('D', 'customer', '14156663009');
SELECT is((SELECT routed_since FROM masking.order_phones WHERE order_id = 'D'), NULL, 'nobody to reach yet');
UPDATE masking.orders SET agent_number = '14156663002' WHERE order_id = 'D';
SELECT is(pg_temp.asks(14156663009, 'D'), '14156663002', 'somebody now');
UPDATE masking.orders SET completed_at = now() - interval '3 days' WHERE order_id = 'D';
UPDATE masking.orders SET forgotten_at = now(), customer_number = masking.hashed(customer_number::bigint)::text,
  agent_number = masking.hashed(agent_number::bigint)::text WHERE order_id = 'D';
SELECT is((SELECT count(*) FROM masking.order_phones WHERE order_id = 'D'), 0::bigint, 'forgotten with the order');

-- A phone that does nothing yet does not keep a number out of the pool, and stays without a route then.
INSERT INTO masking.orders (order_id, customer_number) VALUES ('Z', '14156664001');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('Z', 'customer', '14155550109');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550109');
SELECT lives_ok($$UPDATE masking.orders SET agent_number = '14156664002' WHERE order_id = 'Z'$$, 'the order goes on');
SELECT results_eq($$SELECT routed_since FROM masking.order_phones WHERE order_id = 'Z'$$, 'VALUES (NULL::timestamptz)',
  'a phone that became a proxy number meanwhile is left without a route');
SELECT is_empty($$SELECT FROM masking.routes WHERE caller = 14155550109$$, 'and none was made');

SELECT * FROM finish();
