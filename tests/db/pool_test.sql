-- Which number an order gets, and changing the pool while calls run.
SELECT no_plan();

CREATE FUNCTION pg_temp.place(id text, customer bigint, agent bigint) RETURNS text LANGUAGE sql AS $$
  INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES (id, customer::text, agent::text)
  RETURNING proxy_number
$$;

-- From the tutorial's mode to a pool.
SELECT is(pg_temp.place('T1', 14156660001, 14156660002), NULL, 'empty pool: no number to show');
SELECT is(tests.reaches(14156660001, 14155550999), '14156660002', 'any number dialled connects');
SELECT is(pg_temp.place('T2', 14156660001, 14156660003), NULL, 'empty pool, a second agent at the same time');
SELECT results_eq('SELECT order_id FROM masking.unmasked_orders', $$VALUES ('T2' COLLATE "C")$$, 'commits, waiting');
SELECT is(tests.reaches(14156660001, 14155550999), '14156660002', 'promise 2: the first is still who is reached');
SELECT is(tests.reaches(14156660003, 14155550999), 'order_waiting', 'and the second is not');

INSERT INTO masking.proxy_numbers (number) VALUES ('+1 415-555-0100');
SELECT is((SELECT number FROM masking.proxy_numbers), '14155550100', 'proxy numbers are stored as E.164 digits');
SELECT is(tests.reaches(14156660001, 14155550999), '14156660002', 'a pool is added: calls of before go on');
SELECT is(pg_temp.place('T3', 14156660001, 14156660004), NULL,
  'promise 2: no number can be told apart from "any number" for that customer');
SELECT is(pg_temp.place('T4', 14156660005, 14156660006), '14155550100', 'others get one');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'T1';
SELECT is((SELECT string_agg(order_id || ' ' || coalesce(proxy_number, 'any'), ', ') FROM masking.assign_pending()),
  'T2 14155550100', 'once the first is over, who waited longest gets the number');
SELECT is(tests.reaches(14156660001, 14155550100), '14156660003', 'and is reached');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550101');
SELECT is((SELECT string_agg(order_id || ' ' || coalesce(proxy_number, 'any'), ', ') FROM masking.assign_pending()),
  'T3 14155550101', 'a number is added: the next one waiting gets it');
SELECT is_empty('SELECT * FROM masking.unmasked_orders', 'nobody waits any more');

-- Back to the tutorial's mode.
SELECT throws_ok($$DELETE FROM masking.proxy_numbers$$, 'MK006', NULL, 'a number that connects calls cannot be removed');
UPDATE masking.proxy_numbers SET enabled = false;
SELECT is(pg_temp.place('T5', 14156660007, 14156660008), NULL, 'a disabled number is given to nobody new');
SELECT is(tests.reaches(14156660001, 14155550100), '14156660003', 'and drains: its calls go on');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'T2';
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'T2'), '14155550100', 'an order keeps the number it has');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE completed_at IS NULL;
SELECT lives_ok($$DELETE FROM masking.proxy_numbers$$, 'once nothing is live it can be removed');
SELECT is(pg_temp.place('T6', 14156660001, 14156660009), NULL, 'the pool is empty again');
SELECT is(tests.reaches(14156660001, 14155550555), '14156660009', 'any number dialled connects again');
UPDATE masking.orders SET completed_at = now() - interval '1 hour';
SELECT tests.pass('10 days');

-- Choosing.
INSERT INTO masking.proxy_numbers (number, prefix) VALUES
  ('14155550200', '1'), ('14155550201', '1415'), ('14155550202', '1415'), ('442055550100', '44');
SELECT is(pg_temp.place('C1', 14156661001, 14156661002), '14155550201', 'the longest prefix that serves both');
SELECT is(pg_temp.place('C2', 14156661001, 13015550002), '14155550200', 'a shorter one if only that serves both');
SELECT is(pg_temp.place('C3', 14156661001, 442055551234), NULL, 'none if none serves both');
SELECT results_eq('SELECT order_id FROM masking.unmasked_orders', $$VALUES ('C3' COLLATE "C")$$, 'and nobody is reached on any');
SELECT is_empty($$SELECT FROM masking.routes WHERE order_id = 'C3'$$, 'no route is made');
SELECT is(pg_temp.place('C4', 14156661001, 14156661003), '14155550202', 'another counterpart, another number');
SELECT is(pg_temp.place('C5', 14156661001, 14156661002), '14155550201', 'the same pair with a second order shares the number');
SELECT results_eq(
  $$SELECT counterpart FROM tests.answer_calls('{shared}', '{14156661001}', '{14155550201}')$$,
  'VALUES (14156661002)', 'and is connected');
SELECT set_eq($$SELECT unnest(order_ids) FROM masking.calls WHERE call_uuid = 'shared'$$, ARRAY['C1', 'C5'],
  'both orders are on the record');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'C1';
SELECT is(tests.reaches(14156661001, 14155550201), '14156661002', 'the later expiry wins');
SELECT throws_ok($$INSERT INTO masking.proxy_numbers (number) VALUES ('14156661001')$$, 'MK004', NULL,
  'somebody''s phone cannot become a proxy number');
SELECT throws_ok($$INSERT INTO masking.proxy_numbers (number) VALUES ('0415')$$, 'MK001', NULL, 'nor what is no number');

-- Cool-off: whom a number led to, it leads to nobody else for a day.
UPDATE masking.orders SET completed_at = now() - interval '1 hour';
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550203'), ('14155550204');
DELETE FROM masking.proxy_numbers WHERE prefix <> '';
SELECT is(pg_temp.place('D1', 14156662001, 14156662014), '14155550203', 'the first of two');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'D1';
SELECT is(pg_temp.place('D2', 14156662001, 14156662003), '14155550204', 'the first cools off: the second');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'D2';
SELECT is(pg_temp.place('D3', 14156662001, 14156662004), '14155550203',
  'both cool off: the cool-off of the one that ended first is cut short');
SELECT is(pg_temp.place('D4', 14156662001, 14156662005), '14155550204', 'then that of the other');
SELECT is(pg_temp.place('D5', 14156662001, 14156662006), NULL, 'never what is live: the order waits');
SELECT tests.pass('2 days');
SELECT is(pg_temp.place('D6', 14156662001, 14156662007), '14155550203', 'of two free ones, the one longest unused by these two');
SELECT is(pg_temp.place('D7', 14156662008, 14156662007), '14155550204', 'unused by both of them goes first');

-- What an operator sees.
SELECT results_eq(
  $$SELECT prefix, numbers, most_per_customer, most_per_agent, numbers_needed, headroom FROM masking.pool_status$$,
  $$VALUES ('', 2::bigint, 1::bigint, 2::bigint, 2::bigint, 0::bigint)$$, 'pool_status: numbers, people, arithmetic, headroom');
SELECT ok(EXISTS (SELECT FROM masking.gauges() WHERE name = 'unmasked_orders_total' AND value >= 4), 'the counter counts');
SELECT ok(EXISTS (SELECT FROM masking.gauges() WHERE name = 'pool_headroom' AND labels = 'prefix=""'), 'headroom is a gauge');

-- Those who cannot be served do not keep back those who can.
INSERT INTO masking.orders (order_id, customer_number, agent_number)
SELECT 'W' || n, '14156664000', (14156664000 + n)::text FROM generate_series(1, 30) n;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('V1', '14156665000', '14156665001'), ('V2', '14156665000', '14156665002'), ('V3', '14156665000', '14156665003');
DELETE FROM masking.orders WHERE order_id = 'V1';
SELECT is((SELECT string_agg(order_id, ' ') FROM masking.assign_pending(5)), 'V3',
  'assign_pending serves whom it can, however many wait before');
DELETE FROM masking.orders WHERE order_id ~ '^[VW]';

-- Refusing instead of waiting.
UPDATE masking.settings SET is_on = true WHERE name = 'refuse_unmasked';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E1', '14156663001', '14156663002'), ('E2', '14156663001', '14156663003');
SELECT throws_ok($$SELECT pg_temp.place('E3', 14156663001, 14156663004)$$, 'MK002', NULL,
  'refuse_unmasked: an order without a number is an error');
SELECT is_empty($$SELECT FROM masking.routes WHERE order_id = 'E3'$$, 'that leaves nothing');
SELECT throws_ok($$UPDATE masking.settings SET span = '-1 second' WHERE name = 'cool_off'$$, '23514', NULL, 'a setting has bounds');

-- What must not go.
UPDATE masking.settings SET is_on = false WHERE name = 'refuse_unmasked';
SELECT throws_ok(statement, 'MK007', NULL, 'refused: ' || statement)
FROM unnest(ARRAY[
  'TRUNCATE masking.orders CASCADE', 'TRUNCATE masking.settings', $$UPDATE masking.orders SET order_id = 'x' WHERE order_id = 'E1'$$,
  $$DELETE FROM masking.settings WHERE name = 'longest_life'$$, $$UPDATE masking.settings SET name = 'x' WHERE name = 'cool_off'$$
]) AS statement;

-- Reopening takes nothing away.
UPDATE masking.settings SET span = '0' WHERE name = 'agent_grace';
UPDATE masking.proxy_numbers SET enabled = number = '14155550203';
SELECT is(pg_temp.place('R1', 14156666001, 14156666002), '14155550203', 'an order');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'R1';
SELECT is(pg_temp.place('R2', 14156666003, 14156666002), '14155550203', 'its agent is done and has another');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'R1';
SELECT is(tests.reaches(14156666001, 14155550203), '14156666002', 'reopened in vain: the customer has the time that was left');
SELECT isnt((SELECT unmasked_since FROM masking.orders WHERE order_id = 'R1'), NULL, 'and the order waits');
DELETE FROM masking.orders WHERE order_id = 'R2';
SELECT results_eq($$SELECT order_id FROM masking.assign_pending() WHERE order_id = 'R1'$$, $$VALUES ('R1')$$, 'until the number is free');
SELECT is(tests.reaches(14156666002, 14155550203), '14156666001', 'then both reach each other');

-- A phone that becomes a proxy number.
INSERT INTO masking.orders (order_id, customer_number) VALUES ('F1', '14156661009');
SELECT throws_ok($$INSERT INTO masking.proxy_numbers (number) VALUES ('14156661009')$$, 'MK004', NULL,
  'nor that of somebody whose order has no agent yet');
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'F1';
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14156661009', false);
SELECT lives_ok($$UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'F1'$$, 'once it did, their orders of before take their course');
SELECT lives_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('F1', '14156661009')
  ON CONFLICT (order_id) DO UPDATE SET completed_at = now()$$, 'however they are written');
SELECT throws_ok($$UPDATE masking.orders SET agent_number = '14156661009' WHERE order_id = 'E1'$$, 'MK004', NULL, 'but nobody new may have it');
DELETE FROM masking.proxy_numbers WHERE number = '14156661009';

SELECT * FROM finish();
