-- An order's life, as its two people notice it: who reaches whom, at each turn.
-- Promise 5: commit makes it callable, rollback leaves nothing.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101'), ('14155550102');

CREATE FUNCTION pg_temp.both(customer bigint, agent bigint) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(max(n.e164) FILTER (WHERE tests.reaches(customer, n.e164) = agent::text
    AND tests.reaches(agent, n.e164) = customer::text)::text, 'no') FROM masking.proxy_numbers n
$$;
CREATE FUNCTION pg_temp.send(statement text) RETURNS text LANGUAGE sql AS $$
  SELECT tests.ask_as('masking_orders', statement)
$$;

SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number) VALUES ('A', '+1 415-666-7777')$$);
SELECT is((SELECT customer_number FROM masking.orders), '14156667777', 'numbers are stored as E.164 digits');
SELECT is(tests.reaches(14156667777, 14155550100), 'order_waiting', 'placed: nothing to route yet');

SELECT is(pg_temp.send($$UPDATE orders SET agent_number = '14156667778' WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550100', 'promise 5: the statement that assigns returns the proxy number');
SELECT is(pg_temp.both(14156667777, 14156667778), '14155550100', 'assigned: both reach each other on it');
SELECT is(tests.reaches(14156667777, 14155550101), 'other_number', 'and on no other number');

BEGIN;
UPDATE masking.orders SET agent_number = '14156667779' WHERE order_id = 'A';
ROLLBACK;
SELECT is(pg_temp.both(14156667777, 14156667778), '14155550100', 'promise 5: rollback leaves nothing');
SELECT is((SELECT count(*) FROM masking.routes), 2::bigint, 'not even history');

SELECT is(pg_temp.send($$UPDATE orders SET agent_number = '14156669999' WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550100', 'agent swapped: the proxy number is kept');
SELECT is(pg_temp.both(14156667777, 14156669999), '14155550100', 'the new agent is reached');
SELECT is(tests.reaches(14156667778, 14155550100), 'order_over', 'the old agent is cut off');

-- Swapping to somebody who already knows this number for another customer.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156660001', '14156660002');
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'B'), '14155550100', 'strangers share a number');
SELECT is(pg_temp.send($$UPDATE orders SET agent_number = '14156660002' WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550101', 'agent swapped: another number where the constraint does not allow the old one');
SELECT is(tests.reaches(14156660002, 14155550100), '14156660001', 'that agent still reaches the other customer on the first');
SELECT is(tests.reaches(14156660002, 14155550101), '14156667777', 'and this customer on the second');
SELECT is(tests.reaches(14156667777, 14155550100), 'other_number', 'the customer reaches nobody on the number given up');

SELECT is(pg_temp.send($$UPDATE orders SET customer_number = '14156667770' WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550101', 'customer''s number corrected: the proxy number is kept');
SELECT is(pg_temp.both(14156667770, 14156660002), '14155550101', 'the right one is reached');
SELECT is(tests.reaches(14156667777, 14155550101), 'order_over', 'the wrong one is cut off');

SELECT tests.run_as('masking_orders', $$UPDATE orders SET completed_at = now() WHERE order_id = 'A'$$);
SELECT tests.pass('4 minutes');
SELECT is(pg_temp.both(14156667770, 14156660002), '14155550101', 'completed: both still reach each other for a while');
SELECT tests.pass('2 minutes');
SELECT is(tests.reaches(14156660002, 14155550101), 'other_number', 'after 5 minutes the agent does not');
SELECT is(tests.reaches(14156667770, 14155550101), '14156660002', 'the customer does');
SELECT tests.pass('25 minutes');
SELECT is(tests.reaches(14156667770, 14155550101), 'order_over', 'after 30 minutes neither does');

SELECT is(pg_temp.send($$UPDATE orders SET completed_at = NULL WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550101', 'reopened: the same number again');
SELECT is(pg_temp.both(14156667770, 14156660002), '14155550101', 'both reach each other again');
SELECT ok(NOT EXISTS (SELECT FROM masking.routes WHERE order_id = 'A' AND live @> now() - interval '30 seconds'),
  'the time in between stays as it was');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'A';
SELECT tests.pass('10 minutes');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'A';
SELECT is(pg_temp.both(14156667770, 14156660002), '14155550101', 'reopened between the two graces: both reach each other');

SELECT tests.run_as('masking_orders', $$UPDATE orders SET agent_number = NULL WHERE order_id = 'A'$$);
SELECT is(tests.reaches(14156667770, 14155550101), 'order_waiting', 'agent removed: cut off');
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'A'), NULL, 'and no number to show');
SELECT is(pg_temp.send($$UPDATE orders SET agent_number = '14156660002' WHERE order_id = 'A' RETURNING proxy_number$$),
  '14155550101', 'assigned again: the same number');

SELECT tests.run_as('masking_orders', $$UPDATE orders SET cancelled_at = now() WHERE order_id = 'A'$$);
SELECT is(pg_temp.both(14156667770, 14156660002), 'no', 'cancelled: cut off at once');
SELECT tests.run_as('masking_orders', $$UPDATE orders SET cancelled_at = NULL WHERE order_id = 'A'$$);
SELECT is(pg_temp.both(14156667770, 14156660002), '14155550101', 'cancellation taken back: connected again');
SELECT tests.run_as('masking_orders', $$DELETE FROM orders WHERE order_id = 'A'$$);
SELECT is(pg_temp.both(14156667770, 14156660002), 'no', 'deleted: cut off at once');
SELECT isnt_empty($$SELECT FROM masking.routes WHERE order_id = 'A'$$, 'its routes stay as history');

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('L', '14156661001', '14156661002');
SELECT tests.pass('719 minutes');
SELECT isnt(pg_temp.both(14156661001, 14156661002), 'no', 'nobody completed it: connected up to its longest life');
SELECT tests.pass('2 minutes');
SELECT is(pg_temp.both(14156661001, 14156661002), 'no', 'and not beyond');
UPDATE masking.orders SET agent_number = agent_number WHERE order_id = 'L';
SELECT is(pg_temp.both(14156661001, 14156661002), 'no', 'nor because the order is written again');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'L';
SELECT is(pg_temp.both(14156661001, 14156661002), 'no', 'nor because it is completed at last');

INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at)
VALUES ('P', '14156661003', '14156661004', now() - interval '10 minutes');
SELECT is(tests.reaches(14156661003, 14155550100), '14156661004', 'placed when already completed: the customer''s grace');
SELECT is(tests.reaches(14156661004, 14155550100), 'unknown_caller', 'but not the agent''s, which is over');
INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at)
VALUES ('Q', '14156661005', '14156661006', '2002-01-01 00:00+00');
SELECT is_empty($$SELECT FROM masking.routes WHERE order_id = 'Q'$$, 'completed long ago: nothing to route, nothing fails');

-- One statement, many orders: each sees the choices of those before it.
INSERT INTO masking.orders (order_id, customer_number, agent_number)
SELECT 'M' || n, '14156662000', (14156662000 + n)::text FROM generate_series(1, 3) n;
SELECT is((SELECT count(DISTINCT proxy_number) FROM masking.orders WHERE order_id LIKE 'M_'), 3::bigint,
  'three orders of one customer in one statement get three numbers');

-- Writing one order again and again, as an order system with ON CONFLICT does.
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES ('U', '14156663001', '14156663002') ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number$$)
FROM generate_series(1, 3);
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id = 'U'), 2::bigint, 'an upsert that changes nothing makes no new routes');
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES ('U', '14156663001', '14156663003') ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number$$);
SELECT isnt(pg_temp.both(14156663001, 14156663003), 'no', 'an upsert that swaps the agent does');
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES ('U', '14156663001', '14156663004') ON CONFLICT (order_id) DO NOTHING$$);
SELECT is(tests.reaches(14156663004, 14155550100), 'unknown_caller', 'an insert that does nothing routes nobody');
SELECT isnt(pg_temp.both(14156663001, 14156663003), 'no', 'and leaves the order as it was');

-- Who plays both roles, and who may not play one.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('R1', '14156664001', '14156664002'), ('R2', '14156664003', '14156664001');
SELECT is(tests.reaches(14156664001, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'R1')),
  '14156664002', 'a phone with both roles reaches its agent as a customer');
SELECT is(tests.reaches(14156664001, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'R2')),
  '14156664003', 'and its customer as an agent');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('S', '14156664001', '+1 415 666 4001')$$,
  'MK003', 'agent_number: "**01" is the customer''s own number', 'customer and agent the same phone: refused');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('S', '14155550100')$$,
  'MK004', 'customer_number: "**00" is a proxy number', 'a customer with a proxy number: refused');
SELECT throws_ok($$UPDATE masking.orders SET agent_number = '14155550100' WHERE order_id = 'R1'$$,
  'MK004', 'agent_number: "**00" is a proxy number', 'an agent with a proxy number: refused');

-- The same people, one number written otherwise: the same routes, and the new spelling is dialled.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E', '5215512340001', '14156664009');
UPDATE masking.orders SET customer_number = '+52 55 1234 0001' WHERE order_id = 'E';
SELECT results_eq($$SELECT count(*), count(ended) FROM masking.routes WHERE order_id = 'E'$$, 'VALUES (2::bigint, 0::bigint)', 'nobody is reconnected');
SELECT is(tests.reaches(14156664009, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'E')), '525512340001', 'the agent dials the one ...');
UPDATE masking.orders SET customer_number = '5215512340001' WHERE order_id = 'E';
SELECT is(tests.reaches(14156664009, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'E')), '5215512340001', '... or the other');
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id = 'E' AND dials IS NOT NULL), 1::bigint, 'and it stands there only where it is another');

-- Who has waited for as long as he would have been connected waits no more, until there is a reason.
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'F' || n, '14156664010', (14156664010 + n)::text FROM generate_series(1, 5) n;
SELECT is((SELECT string_agg(order_id || coalesce(proxy_number, ''), ' ' ORDER BY order_id) FROM masking.orders WHERE masking = 'waiting'), 'F4 F5', 'two of five wait');
SELECT tests.pass('13 hours');
UPDATE masking.orders SET placed_at = placed_at WHERE order_id IN ('F4', 'F5');
SELECT results_eq($$SELECT masking, unmasked_since, proxy_number FROM masking.orders WHERE order_id = 'F4'$$, 'VALUES (NULL::text, NULL::timestamptz, NULL::text)', 'over');
UPDATE masking.orders SET agent_number = '14156664099' WHERE order_id = 'F4';
SELECT is((SELECT masking FROM masking.orders WHERE order_id = 'F4'), 'masked', 'another agent is a reason');
SELECT is((SELECT masking FROM masking.orders WHERE order_id = 'F5'), NULL, 'and concerns no other order');

-- Bad input, through the order system's own statements.
SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', statement), state, NULL, words)
FROM (VALUES
  ($$INSERT INTO orders (order_id, customer_number) VALUES ('Z', '415-666-7777x')$$, 'MK001', 'letters in a number'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES ('Z', NULL)$$, 'MK001', 'no customer'),
  ($$INSERT INTO orders (customer_number) VALUES ('14156667777')$$, 'MK005', 'no order id'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES ('', '14156667777')$$, 'MK005', 'an empty order id'),
  (format('INSERT INTO orders (order_id, customer_number) VALUES (%L, ''14156667777'')', repeat('x', 10000)),
    'MK005', 'an order id of 10 kB'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES (E'Z\n', '14156667777')$$, 'MK005', 'a line end'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES (' Z', '14156667777')$$, 'MK005', 'a blank before it'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES ('Z ', '14156667777')$$, 'MK005', 'a blank behind it'),
  ($$INSERT INTO orders (order_id, customer_number) VALUES ('U', '14156667777')$$, '23505', 'an order id that exists')
) AS v (statement, state, words);
SELECT is((SELECT string_agg(to_hex(n), ' ' ORDER BY n) FROM generate_series(1, 65535) n
    WHERE n NOT BETWEEN 55296 AND 57343 AND NOT masking.is_typable('A' || chr(n) || '1')
      AND n NOT BETWEEN 1 AND 31 AND n NOT BETWEEN 127 AND 159 AND masking.visible(chr(n)) <> ''),
  '2028 2029 2065 206a 206b 206c 206d 206e 206f fff9 fffa fffb', 'of what is no control character, an id may have what one sees');
SELECT is_empty($$SELECT to_hex(n) FROM generate_series(1, 65535) n WHERE n NOT BETWEEN 55296 AND 57343 AND masking.is_typable(chr(n))
  AND (n BETWEEN 1 AND 31 OR n BETWEEN 127 AND 159 OR masking.visible(chr(n)) = '')$$, 'and nothing else');
SELECT is(masking.is_typable(id), true, 'such an order id is taken: ' || id)
FROM unnest(ARRAY['A 1', 'Bestellung №7', '注文-1', 'A–1', '#1/2 (é)']) id;
SELECT tests.run_as('masking_orders', format('INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%L, %L, %L)',
  '''; DROP TABLE orders; --', '14156665001', '14156665002'));
SELECT isnt(pg_temp.both(14156665001, 14156665002), 'no', 'an order id is only ever a value');

-- Any time PostgreSQL can hold.
SELECT lives_ok(format($$INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at)
  VALUES ('FAR' || %L, '14156663001', '14156663002', %L)$$, at, at), 'completed at ' || at)
FROM unnest(ARRAY['infinity', '2002-01-01 00:00+00', (now() + interval '364 days')::text]) at;
-- What stands for no time where a program has no NULL would end the order, or keep it for ever, or hide when it was placed.
SELECT throws_ok(format($$INSERT INTO masking.orders (order_id, customer_number, agent_number, %I) VALUES ('ZERO', '14156663001', '14156663002', %L)$$, what, at),
  'MK010', what || ': is before 2002, or more than a year ahead', what || ' ' || at)
FROM unnest(ARRAY['placed_at', 'completed_at', 'cancelled_at']) what,
  unnest(ARRAY['0001-01-01 00:00:00+00', '1899-12-30', '1900-01-01', '1970-01-01 00:00+00', '2000-01-01 00:00+00', '2001-01-01 00:00+00', '-infinity',
    '4713-01-01 00:00+00 BC', '9999-12-31 23:59:59.999+00', '57884-10-05 00:00+00', '294276-12-31 23:59:59+00']) at;
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, cancelled_at) VALUES ('ZERO', '14156663001', 'infinity')$$, 'MK010', NULL,
  'not cancelled is NULL, too');
INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at) VALUES ('ZERO', '14156663001', '14156663002', now());
SELECT throws_ok($$UPDATE masking.orders SET cancelled_at = '0001-01-01 00:00:00+00' WHERE order_id = 'ZERO'$$, 'MK010', NULL, 'nor by an UPDATE');
SELECT tests.triggers(false);
UPDATE masking.orders SET completed_at = '0001-01-01 00:00:00+00' WHERE order_id = 'ZERO';
SELECT tests.triggers(true);
SELECT lives_ok($$UPDATE masking.orders SET agent_number = '14156663003' WHERE order_id = 'ZERO'$$, 'an order that has one already goes on');
SELECT lives_ok('SELECT * FROM masking.unmasked_orders', 'and the list of those that wait can reckon with it');

SELECT * FROM finish();
