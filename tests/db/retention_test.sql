-- Numbers are forgotten once they can route no more, and a person on request.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('OLD1', '14156667777', '14156667778'), ('OLD2', '14156667777', '14156667779');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('OLD3', '14156667777');
SELECT is(tests.reaches(14156667777, 14155550100), '14156667778', 'a call');
UPDATE masking.orders SET completed_at = now();
SELECT tests.pass('89 days');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('NEW', '14156667777', '14156660001');

CREATE FUNCTION pg_temp.left_over(older_than interval) RETURNS bigint LANGUAGE sql AS $$
  SELECT sum(number_count)::bigint FROM masking.remembered(older_than)
$$;
SELECT results_eq('SELECT orders, routes FROM masking.retention_run()', 'VALUES (0, 0)', 'nothing is old enough yet');
SELECT tests.pass('3 days');
SELECT cmp_ok(pg_temp.left_over('90 days'), '>', 0::bigint, 'the verification query finds what is to be forgotten');
SELECT results_eq($$SELECT tests.ask_as('masking_server', 'SELECT orders || '' '' || routes FROM masking.retention_run()')$$,
  $$VALUES ('3 4')$$, 'the server''s timer forgets it');
SELECT is(pg_temp.left_over('90 days'), 0::bigint, 'the verification query proves that none is left');
SELECT is_empty($$SELECT FROM masking.orders o WHERE order_id LIKE 'OLD_' AND o::text ~ '1415666'$$, 'no number left in orders');
SELECT is_empty($$SELECT FROM masking.routes r WHERE order_id LIKE 'OLD_' AND r::text ~ '1415666'$$, 'nor in routes');
SELECT is((SELECT count(*) FROM masking.orders WHERE order_id LIKE 'OLD_' AND placed_at IS NOT NULL), 3::bigint, 'the orders are still there');
SELECT is((SELECT count(DISTINCT caller) FROM masking.routes WHERE side = 'customer' AND order_id LIKE 'OLD_'), 1::bigint,
  'the same person is still the same person');
SELECT is((SELECT r.order_id FROM masking.calls c JOIN masking.routes r ON r.order_id = ANY (c.order_ids) AND r.route_id = c.route_id), 'OLD1',
  'promise 4: the record of calls still joins');
SELECT is((SELECT customer_number::bigint FROM masking.orders WHERE order_id = 'OLD1'),
  (SELECT caller FROM masking.routes WHERE order_id = 'OLD1' AND side = 'customer'), 'orders and routes hold the same hash');
SELECT matches((SELECT words FROM masking.explain_route('14156667777', '14155550100', now() - interval '92 days')),
  '^connected: order OLD1: the customer.*forgotten', 'who asks with the number is still told');
SELECT results_eq('SELECT orders, routes FROM masking.retention_run()', 'VALUES (0, 0)', 'a second run finds nothing to do');
SELECT lives_ok($$UPDATE masking.orders SET completed_at = now() WHERE order_id = 'OLD3'$$, 'a forgotten order can still be completed');
SELECT is((SELECT tests.ask_as('masking_orders', $$UPDATE orders SET completed_at = NULL, cancelled_at = NULL WHERE order_id = 'OLD3' RETURNING coalesce(masking, 'nobody')$$)),
  'nobody', 'a forgotten order that is reopened masks nobody');
SELECT throws_ok($$UPDATE masking.orders SET agent_number = '14156660002' WHERE order_id = 'OLD3'$$, 'MK008', NULL,
  'but not be given an agent');
UPDATE masking.settings SET span = '0' WHERE name = 'forget_after';
SELECT results_eq('SELECT * FROM masking.retention_run()', 'VALUES (0, 0, 0)', 'forget_after = 0: never');

-- Imported, as it stands in the order system.
UPDATE masking.settings SET span = '90 days' WHERE name = 'forget_after';
SELECT throws_ok(format($$INSERT INTO masking.orders (order_id, customer_number, placed_at) VALUES ('Z', '14156667777', %L)$$, at), 'MK010', NULL,
  'placed in the future, so never old enough: refused, ' || at)
FROM unnest(ARRAY['infinity', now() + interval '2 days']) at;
INSERT INTO masking.orders (order_id, customer_number, placed_at) VALUES ('I1', '14156661007', now() - interval '1 year'), ('I2', '14156661008', '2002-01-02');
SELECT results_eq('SELECT orders, routes FROM masking.retention_run()', 'VALUES (0, 0)', 'placed long ago, imported today: not forgotten');
SELECT results_eq($$SELECT * FROM masking.erase_person('14156661007')$$, 'VALUES (0, 0, 1)', 'and open');
SELECT lives_ok($$UPDATE masking.orders SET agent_number = '14156661009' WHERE order_id IN ('I1', 'I2')$$, 'so it can be given an agent');
DELETE FROM masking.orders WHERE order_id ~ '^I';

-- On request.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E1', '14156661001', '14156661002'), ('E2', '14156661001', '14156661003');
INSERT INTO masking.orders (order_id, customer_number, completed_at) VALUES ('E3', '14156661001', now());
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'E1';
SELECT results_eq($$SELECT * FROM masking.erase_person('+1 415 666 1001')$$, 'VALUES (2, 2, 1)',
  'erased from every order that is over; one is still open');
SELECT is_empty($$SELECT FROM masking.orders o WHERE order_id IN ('E1', 'E3') AND o::text ~ '14156661'$$, 'no number left there');
SELECT is(tests.reaches(14156661001, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'E2')), '14156661003',
  'the open one still works');
SELECT isnt((SELECT customer_number::bigint FROM masking.orders WHERE order_id = 'E1'), masking.hashed(14156661001),
  'not even a hash of the number stays');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'E2';
SELECT results_eq($$SELECT * FROM masking.erase_person('14156661001')$$, 'VALUES (1, 2, 0)', 'the open one, once it is over');
SELECT is_empty($$SELECT FROM masking.routes r WHERE 14156661001 IN (caller, callee)$$, 'no route has the number');
SELECT results_eq($$SELECT * FROM masking.erase_person('14156667778')$$, 'VALUES (1, 2, 0)', 'also from what was forgotten before');
-- Two orders of one pair, erased one after the other: once one of them is nobody's,
-- the same proxy number seems to lead the same hash to two people.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('P1', '14156661011', '14156661012'), ('P2', '14156661011', '14156661012');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'P1';
SELECT results_eq($$SELECT * FROM masking.erase_person('14156661011')$$, 'VALUES (1, 2, 1)', 'of two orders of one pair the one that is over');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'P2';
SELECT results_eq($$SELECT * FROM masking.erase_person('14156661011')$$, 'VALUES (1, 2, 0)', 'then the other');
SELECT throws_ok($$SELECT masking.erase_person('x')$$, 'MK001', NULL, 'a bad number is refused');

-- The key is gone.
DELETE FROM masking.secrets;
SELECT tests.pass('1 year');
UPDATE masking.settings SET span = '90 days' WHERE name = 'forget_after';
SELECT throws_ok('SELECT * FROM masking.retention_run()', 'MK011', 'secrets: the key number_hashes is gone, so no number can be forgotten',
  'without the key nothing is forgotten, and the error shows no number');
SELECT matches((SELECT words FROM masking.explain_route('14156667777', '14155550100')), '^not connected', 'questions are still answered');
SELECT lives_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('KEYLESS', '14156667777', '14156660001')$$,
  'and orders placed');

-- What the planner's statistics keep goes too: erased, forgotten, and of strangers.
INSERT INTO masking.secrets (name, value) VALUES ('number_hashes', sha256('x')) ON CONFLICT DO NOTHING;
DELETE FROM masking.orders;
DELETE FROM masking.routes;
INSERT INTO masking.orders (order_id, customer_number, agent_number)
SELECT 'S' || n, (14156680000 + n)::text, (14156690000 + n)::text FROM generate_series(1, 30) n;
INSERT INTO masking.order_phones (order_id, side, number) SELECT order_id, 'customer', (customer_number::bigint + 20000)::text FROM masking.orders;
INSERT INTO masking.code_failures (call_uuid, attempt, caller, proxy, failed_at) SELECT 's' || n, 1, 14156680000 + n, 14155550100, now() FROM generate_series(1, 30) n;
INSERT INTO masking.told_senders (number, event, told_at) SELECT 14156680000 + n, 'unknown_sender', now() FROM generate_series(1, 30) n;
CREATE FUNCTION pg_temp.sampled(numbers text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(s.tablename || '.' || s.attname, ' ' ORDER BY s.tablename, s.attname) FROM pg_stats s
  WHERE s.schemaname = 'masking' AND coalesce(s.most_common_vals::text, '') || coalesce(s.histogram_bounds::text, '') ~ numbers
$$;
ANALYZE;
SELECT is(pg_temp.sampled('14156680007'), 'code_failures.caller one_counterpart.expr orders.customer orders.customer_number routes.callee routes.caller told_senders.number', 'ANALYZE keeps phone numbers');
SELECT is(pg_temp.sampled('14156700007'), 'one_counterpart.expr order_phones.number order_phones.phone routes.caller', 'of every phone');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'S7';
BEGIN;
SELECT orders FROM masking.erase_person('14156680007');
SELECT is(pg_temp.sampled('14156680007|14156690007|14156700007'), NULL, 'whoever is erased is gone from there in the same transaction');
SELECT is(number_count, 0::bigint, 'as is proved') FROM masking.remembered('0') WHERE place = 'statistics';
COMMIT;
SELECT matches(pg_temp.sampled('14156680008'), 'orders.customer ', 'and nobody else is');
DELETE FROM masking.told_senders WHERE number = 14156680009;
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'S9';
DELETE FROM masking.code_failures WHERE caller = 14156680009;
SELECT is(number_count, 0::bigint, 'what is in the history is not forgotten') FROM masking.remembered('0') WHERE place = 'statistics';
SELECT tests.pass('100 days');
UPDATE masking.orders SET completed_at = now();
SELECT tests.ask_as('masking_server', 'SELECT orders || '' '' || routes FROM masking.retention_run()');
SELECT is(pg_temp.sampled('141566[89]0009'), NULL, 'what retention forgets is gone from there, by the server''s own timer, though nobody is left');
SELECT is_empty('SELECT FROM masking.routes WHERE caller > 0', 'and no row is left of that');
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'T' || n, (14156710000 + n)::text, (14156720000 + n)::text FROM generate_series(1, 30) n;
ANALYZE;
DELETE FROM masking.orders WHERE order_id LIKE 'T%';
DELETE FROM masking.routes;
DELETE FROM masking.told_senders;
DELETE FROM masking.code_failures;
SELECT cmp_ok(number_count, '>', 100::bigint, 'the verification query finds them otherwise') FROM masking.remembered('0') WHERE place = 'statistics';
SELECT is((SELECT string_agg(of_table, ' ' ORDER BY of_table) FROM tests.ask_as('masking_owner', 'SELECT of_table FROM masking.forgotten_statistics()') of_table), 'code_failures order_phones orders routes told_senders', 'so does the owner');

SELECT * FROM finish();
