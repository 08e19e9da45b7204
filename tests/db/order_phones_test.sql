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
UPDATE masking.proxy_numbers SET enabled = e164 = pg_temp.proxy('A');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156662001', '14156662002');
SELECT is(pg_temp.proxy('B'), pg_temp.proxy('A'), 'another order on the same number');
UPDATE masking.proxy_numbers SET enabled = true;
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

-- In the other spelling of a main phone, on either side, in either country: the order moves on without it.
CREATE FUNCTION pg_temp.moves_on(n integer, its_side text, phone text, main text, spelled text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('S' || n, '1415666500' || n, '1415666510' || n);
  INSERT INTO masking.order_phones (order_id, side, number) VALUES ('S' || n, its_side, phone);
  EXECUTE format('UPDATE masking.orders SET %I = %L WHERE order_id = %L', main, spelled, 'S' || n);
  RETURN (
    SELECT format('%s routes, %s of it', count(*), count(*) FILTER (WHERE r.caller = masking.person(phone::bigint)))
    FROM masking.routes r WHERE r.order_id = 'S' || n AND masking.is_live(r.live, r.closed));
END
$$;
SELECT is(pg_temp.moves_on(n, side, phone, main, spelled), '2 routes, 1 of it', why)
FROM (VALUES
  (1, 'agent', '525512345678', 'customer_number', '5215512345678', 'a Mexican phone of the agent''s is the customer'),
  (2, 'customer', '5215512345671', 'customer_number', '525512345671', 'the customer''s own, written shorter'),
  (3, 'customer', '541123456789', 'agent_number', '5491123456789', 'an Argentinian phone of the customer''s is the agent'),
  (4, 'agent', '5491123456781', 'agent_number', '541123456781', 'the agent''s own, written shorter')) AS v (n, side, phone, main, spelled, why);

-- A further phone that has become the main phone, and is then removed: what the order wants stays.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('M', '14156665501', '14156665502');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('M', 'customer', '14156665509'), ('M', 'agent', '14156665508');
UPDATE masking.orders SET customer_number = '14156665509' WHERE order_id = 'M';
DELETE FROM masking.order_phones WHERE order_id = 'M' AND number = '14156665509';
SELECT is(pg_temp.asks(14156665509, 'M'), '14156665502', 'a main phone that had been a further one is not cut off');
UPDATE masking.orders SET agent_number = '14156665508' WHERE order_id = 'M';
DELETE FROM masking.order_phones WHERE order_id = 'M' AND number = '14156665508';
SELECT is(pg_temp.asks(14156665508, 'M'), '14156665509', 'the agent''s neither');
SELECT is_empty($$SELECT * FROM masking.orders_out_of_step$$, 'and all is in step');

-- Who waits dials no number: his former one may lead to somebody else. So it is for further phones.
DELETE FROM masking.orders;
SELECT tests.pass('3 days');
DELETE FROM masking.proxy_numbers WHERE number <> '14155550101';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('V', '14156666001', '14156666002'), ('W', '14156666003', '14156666004');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('W', 'agent', '14156666005'), ('W', 'customer', '14156666006');
SELECT is(pg_temp.asks(14156666005, 'W'), '14156666003', 'before');
SELECT is(w.state, 'waiting without a number', 'promise 5: a swap that finds no number free')
FROM tests.ask_as('postgres', $$UPDATE masking.orders SET agent_number = '14156666002' WHERE order_id = 'W'
  RETURNING masking || CASE WHEN proxy_number IS NULL THEN ' without a number' ELSE '' END$$) AS w (state);
SELECT is(tests.reaches(caller, 14155550101), 'order_waiting', 'a further phone of it: ' || caller) FROM (VALUES (14156666005), (14156666006)) AS v (caller);
SELECT is((SELECT count(routed_since) FROM masking.order_phones WHERE order_id = 'W'), 0::bigint, 'and it is seen that they are not routed');
SELECT is(tests.reaches(14156666002, 14155550101), '14156666001', 'who is new there reaches the other order');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'V';
SELECT results_eq('SELECT order_id, proxy_number FROM masking.assign_pending()', $$VALUES ('W'::text, '14155550101'::text)$$, 'served once one is free');
SELECT is(pg_temp.asks(14156666005, 'W'), '14156666003', 'with its further phones');

-- A further phone is connected while the main phone of its side is, and no longer.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('X', '14156666101', '14156666102');
SELECT tests.pass('11 hours');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('X', 'customer', '14156666103');
SELECT is(pg_temp.asks(14156666103, 'X'), '14156666102', 'one that is added late');
SELECT tests.pass('2 hours');
SELECT is(tests.reaches(caller, 14155550101), 'order_over', 'ends with the main phone: ' || caller) FROM (VALUES (14156666101), (14156666103)) AS v (caller);
UPDATE masking.orders SET placed_at = placed_at WHERE order_id = 'X';
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('X', 'agent', '14156666104');
SELECT is(tests.reaches(14156666103, 14155550101), 'order_over', 'what expired stays so, however often the order is written');
SELECT isnt(tests.reaches(14156666104, 14155550101), '14156666101', 'and whatever is added to it');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'X';
SELECT results_eq($$SELECT proxy_number, masking FROM masking.orders WHERE order_id = 'X'$$, 'VALUES (NULL::text, NULL::text)', 'it shows no number then');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'X';
SELECT is(pg_temp.asks(caller, 'X'), reached, 'reopened: ' || caller)
FROM (VALUES (14156666101, '14156666102'), (14156666103, '14156666102'), (14156666104, '14156666101')) AS v (caller, reached);
UPDATE masking.orders SET completed_at = now() - interval '10 minutes' WHERE order_id = 'X';
SELECT is(pg_temp.asks(caller, 'X'), reached, 'in the customer''s grace: ' || caller)
FROM (VALUES (14156666101, '14156666102'), (14156666103, '14156666102'), (14156666104, 'order_over')) AS v (caller, reached);
UPDATE masking.orders SET completed_at = now() - interval '1 day' WHERE order_id = 'X';
SELECT results_eq($$SELECT proxy_number, masking FROM masking.orders WHERE order_id = 'X'$$, 'VALUES (NULL::text, NULL::text)', 'after both');
SELECT is_empty($$SELECT * FROM masking.orders_out_of_step$$, 'all the time in step');

SELECT * FROM finish();
