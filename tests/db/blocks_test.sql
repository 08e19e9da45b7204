-- Not for harassment, not for fraud: blocks, prefixes that may be dialled, calls per pair and hour.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES ('A', '14156667777', '14156667778'), ('B', '14156667781', '14156667782')$$);
CREATE FUNCTION pg_temp.both(customer bigint DEFAULT 14156667777, agent bigint DEFAULT 14156667778) RETURNS text
LANGUAGE sql
AS $$ SELECT tests.reaches(customer, 14155550100) || ' ' || tests.reaches(agent, 14155550100) $$;
CREATE FUNCTION pg_temp.writes(sender bigint) RETURNS text
LANGUAGE sql
AS $$
  SELECT outcome || coalesce(' ' || counterpart, '')
  FROM tests.answer_messages(ARRAY['m' || nextval('tests.calls')], ARRAY[sender], '{14155550100}', '{text}')
$$;
SELECT is(pg_temp.both(), '14156667778 14156667777', 'both reach each other');

-- One direction of an order, by the order system.
SELECT lives_ok($$SELECT tests.run_as('masking_orders', 'INSERT INTO order_blocks (order_id, side, reason) VALUES (''A'', ''customer'', ''he shouts'')')$$,
  'the order system blocks the calls of one side');
SELECT is(pg_temp.both(), 'blocked 14156667777', 'the customer hears so, the agent still reaches him');
SELECT is(pg_temp.both(14156667781, 14156667782), '14156667782 14156667781', 'and nobody else is concerned');
SELECT is(pg_temp.writes(14156667777) || ', ' || pg_temp.writes(14156667778), 'blocked, forwarded 14156667777', 'texts go the same way');
SELECT results_eq($$SELECT say IS NOT NULL, counterpart FROM tests.answer_calls('{said}', '{14156667777}', '{14155550100}')$$,
  $$VALUES (true, NULL::bigint)$$, 'who is blocked hears a sentence');
SELECT results_eq($$SELECT outcome, side, order_ids, caller_digits FROM masking.calls WHERE call_uuid = 'said'$$,
  $$VALUES ('blocked', 'customer', '{A}'::text[], '77')$$, 'promise 4: on record, with the order');
SELECT is((SELECT count(*) FROM masking.order_calls('A') WHERE outcome ~ 'blocked'), 2::bigint, 'and shown with it, each once');
SELECT results_eq($$SELECT proxy_number, masking FROM masking.orders WHERE order_id = 'A'$$, $$VALUES ('14155550100', 'masked')$$,
  'a block is no reason to show a number');
SELECT is_empty('SELECT FROM masking.unmasked_orders', 'and no order waits for it');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'nor is one out of step');
SELECT ok((SELECT words ~ 'blocked' FROM masking.explain_route('14156667777', '14155550100')), 'support reads why');
SELECT ok((SELECT words ~ '^connected' FROM masking.explain_route('14156667777', '14155550100',
  (SELECT lower(live) + (upper(live) - lower(live)) / 2 FROM masking.routes WHERE order_id = 'A' AND ended = 'blocked'))),
  'and that it was not so before');

-- It stays with the order, whatever becomes of that.
UPDATE masking.orders SET agent_number = '14156669999' WHERE order_id = 'A';
SELECT is(pg_temp.both(agent => 14156669999), 'blocked 14156667777', 'a swap of the agent does not lift it');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'A';
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'A';
SELECT is(pg_temp.both(agent => 14156669999), 'blocked 14156667777', 'nor does reopening');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'customer', '14156661001');
SELECT is(tests.reaches(14156661001, 14155550100), 'blocked', 'nor another phone of that side');
UPDATE masking.orders SET agent_number = '14156667778' WHERE order_id = 'A';

CREATE TEMP TABLE ends AS SELECT max(upper(live)) AS until FROM masking.routes WHERE order_id = 'A' AND NOT closed;
SELECT tests.run_as('masking_orders', $$INSERT INTO order_blocks (order_id, side) VALUES ('A', 'both') ON CONFLICT DO NOTHING$$)
FROM generate_series(1, 2);
SELECT is(pg_temp.both(), 'blocked blocked', 'both directions, twice is harmless');
SELECT tests.run_as('masking_orders', $$DELETE FROM order_blocks WHERE order_id = 'A' AND side = 'both'$$);
SELECT is(pg_temp.both(), 'blocked 14156667777', 'lifted: what else is blocked stays so');
SELECT tests.run_as('masking_orders', $$UPDATE order_blocks SET side = 'agent' WHERE order_id = 'A'$$);
SELECT is(pg_temp.both(), '14156667778 blocked', 'the other direction instead');
SELECT tests.run_as('masking_orders', $$DELETE FROM order_blocks$$);
SELECT is(pg_temp.both(), '14156667778 14156667777', 'all lifted');
UPDATE masking.orders SET agent_number = agent_number WHERE order_id = 'A';
SELECT is((SELECT max(upper(live)) FROM masking.routes WHERE order_id = 'A' AND NOT closed), (SELECT until FROM ends),
  'an order lives no longer for having been blocked');
BEGIN;
INSERT INTO masking.order_blocks (order_id, side) VALUES ('A', 'both');
ROLLBACK;
SELECT is(pg_temp.both(), '14156667778 14156667777', 'a rollback leaves nothing');
SELECT results_eq($$SELECT string_agg(did || ' ' || side, ', ' ORDER BY logged_at) FROM masking.block_log WHERE order_id = 'A'$$,
  $$VALUES ('blocked customer, blocked both, unblocked both, unblocked customer, blocked agent, unblocked agent')$$,
  'promise 4: who blocked what is on record');
SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', format('INSERT INTO order_blocks (order_id, side) VALUES (%s)', row_values)),
  'MK005', NULL, 'refused: ' || row_values)
FROM unnest(ARRAY[$$'Z', 'both'$$, $$NULL, 'both'$$, $$'A', 'cook'$$, $$'A', NULL$$]) row_values;

-- A person, everywhere.
SELECT is(masking.block_person('+1 415 666 7777', 'asked not to be called'), 3, 'the owner blocks a person on all orders, whichever way');
SELECT is(pg_temp.both(), 'blocked blocked', 'neither way');
SELECT is(pg_temp.writes(14156667777) || ', ' || pg_temp.writes(14156667778), 'blocked, blocked', 'texts too');
SELECT is(tests.reaches(14156661001, 14155550100), 'blocked', 'not from another phone of the order either');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('C', '14156667777', '14156660009');
SELECT is((SELECT masking FROM masking.orders WHERE order_id = 'C'), 'masked', 'orders to come are masked');
SELECT is(tests.reaches(14156667777, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'C')), 'blocked', 'and blocked');
SELECT is(masking.block_person('14156667777', NULL, 'from'), 2, 'or one way only');
SELECT is(pg_temp.both(), 'blocked 14156667777', 'he is called');
SELECT is(masking.block_person('14156667777', NULL, 'to') > 0, true, 'or the other');
SELECT is(pg_temp.both(), '14156667778 blocked', 'he calls');
SELECT is(masking.unblock_person('14156667777') > 0, true, 'lifted');
SELECT is(pg_temp.both(), '14156667778 14156667777', 'and all is as before');
SELECT is(masking.unblock_person('14156667777'), 0, 'once');
SELECT is_empty($$SELECT FROM masking.blocked_people$$, 'nothing is left');
SELECT is((SELECT count(*) FROM masking.block_log WHERE person IS NOT NULL AND digits = '77'), 4::bigint, 'but the record, with two digits');
SELECT throws_ok($$SELECT masking.block_person('77x')$$, 'MK001', NULL, 'what is no number is refused');
SELECT throws_ok($$SELECT tests.run_as('masking_orders', 'SELECT masking.block_person(''14156667777'')')$$, '42501', NULL,
  'the order system may not block people everywhere');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('MX', '5215512345678', '14156660010');
SELECT masking.block_person('+52 55 1234 5678');
SELECT is(tests.reaches(525512345678, 14155550100), 'blocked', 'one person, two spellings');
DELETE FROM masking.orders WHERE order_id IN ('C', 'MX');

-- Codes, from a strange phone.
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT masking.issue_codes() > 0;
CREATE FUNCTION pg_temp.enters(code text) RETURNS text
LANGUAGE sql
AS $$
  SELECT outcome || coalesce(' ' || counterpart, '')
  FROM tests.answer_codes(ARRAY['c' || nextval('tests.calls')], '{14156660000}', '{14155550100}', '{1}', ARRAY[code])
$$;
SELECT is(pg_temp.enters((SELECT customer_code FROM masking.orders WHERE order_id = 'A')), 'connected 14156667778', 'by code');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('A', 'customer');
SELECT is(pg_temp.enters((SELECT customer_code FROM masking.orders WHERE order_id = 'A')), 'blocked', 'not around a block');
SELECT is((SELECT order_ids FROM masking.calls ORDER BY called_at DESC, call_uuid DESC LIMIT 1), '{A}'::text[], 'on record with the order');
DELETE FROM masking.order_blocks;
SELECT masking.block_person('14156667777');
SELECT is(pg_temp.enters((SELECT customer_code FROM masking.orders WHERE order_id = 'A')), 'blocked', 'nor around a person''s');
SELECT masking.unblock_person('14156667777');
UPDATE masking.settings SET is_on = false WHERE name = 'codes';

-- Deleted with the order.
INSERT INTO masking.order_blocks (order_id, side) VALUES ('B', 'both');
DELETE FROM masking.orders WHERE order_id = 'B';
SELECT is_empty('SELECT FROM masking.order_blocks', 'a block goes with its order');
SELECT is(tests.reaches(14156667781, 14155550100), 'order_over', 'and connects nobody by going');

-- Whom we may dial.
SELECT lives_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('FAR', '+881 6 1234 5678')$$, 'no prefixes: anybody');
INSERT INTO masking.dial_prefixes (prefix) VALUES ('1'), ('44');
INSERT INTO masking.dial_prefixes (prefix, allowed) VALUES ('449', false);
SELECT lives_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('P1', '14156663001', '+44 20 7946 0001')$$, 'allowed prefixes');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('P2', '14156663001', '+882 99 1234 567')$$,
  'MK014', 'agent_number: "**67" begins with a prefix that may not be dialled', 'another one: refused, naming the column');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('P2', '+44 909 8790000')$$, 'MK014',
  'customer_number: "**00" begins with a prefix that may not be dialled', 'the longest prefix decides');
SELECT throws_ok($$UPDATE masking.orders SET agent_number = '+33 1 70 18 99 00' WHERE order_id = 'P1'$$, 'MK014', NULL, 'swapped to one');
SELECT lives_ok($$UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'FAR'$$, 'what was written before takes its course');
SELECT is(tests.reaches(14156663001, 14155550100), '442079460001', 'a number that may be dialled is rung');
DELETE FROM masking.dial_prefixes WHERE prefix = '44';
SELECT is(tests.reaches(14156663001, 14155550100), 'blocked', 'from then on not even by an order that is live');
SELECT is(tests.reaches(442079460001, 14155550100), '14156663001', 'whose other direction goes on');
INSERT INTO masking.dial_prefixes (prefix) VALUES ('44');
SELECT is(tests.reaches(14156663001, 14155550100), '442079460001', 'and again');
DELETE FROM masking.dial_prefixes;
-- A phone has two spellings in some countries: the longest prefix that fits either decides.
INSERT INTO masking.dial_prefixes VALUES ('1', true), ('52', true), ('5255', false), ('54', true), ('54911', false);
SELECT is(masking.may_dial(number), allowed, number || ' may be dialled: ' || allowed)
FROM (VALUES (525512345678, false), (5215512345678, false), (528112345678, true), (5218112345678, true),
  (541123456789, false), (5491123456789, false), (542611234567, true)) AS v (number, allowed);
DELETE FROM masking.dial_prefixes;
SELECT throws_ok($$INSERT INTO masking.dial_prefixes (prefix) VALUES ('+44')$$, '23514', NULL, 'digits only');

-- How often.
SELECT tests.set('calls_per_hour', '3');
SELECT is((SELECT string_agg(outcome, ' ') FROM (SELECT outcome FROM tests.answer_calls('{h1,h2,h3,h4,h5}',
  '{14156667777,14156667778,14156667777,14156667777,14156667778}',
  '{14155550100,14155550100,14155550100,14155550100,14155550100}') ORDER BY place) a),
  'connected connected connected too_many_calls too_many_calls', 'of five calls of one pair within an hour three ring, also in one batch');
SELECT results_eq($$SELECT outcome, say IS NOT NULL, counterpart FROM tests.answer_calls('{h6}', '{14156667777}', '{14155550100}')$$,
  $$VALUES ('too_many_calls', true, NULL::bigint)$$, 'who calls again hears why');
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'h6'), 'too_many_calls', 'promise 4: on record');
SELECT is((SELECT outcome FROM tests.answer_calls('{h1}', '{14156667777}', '{14155550100}')), 'connected', 'asked again about a call that rang: it still does');
SELECT is(tests.reaches(14156663001, 14155550100), '442079460001', 'other pairs are not concerned');
UPDATE masking.pair_calls SET called_at = called_at + interval '2 hours';
SELECT is(tests.reaches(14156667777, 14155550100), '14156667778', 'what is still to come was counted by a clock that was set back');
UPDATE masking.pair_calls SET called_at = called_at - interval '2 hours' WHERE called_at > now();
UPDATE masking.pair_calls SET called_at = called_at - interval '30 minutes';
SELECT is(tests.reaches(14156667777, 14155550100), 'too_many_calls', 'half an hour later');
UPDATE masking.pair_calls SET called_at = called_at - interval '31 minutes';
SELECT is(tests.reaches(14156667777, 14155550100), '14156667778', 'an hour later');
SELECT is((SELECT count(*) FROM masking.pair_calls WHERE called_at < now() - interval '1 hour'), 1::bigint, 'what is over is forgotten by the next call ...');
SELECT count(*) FROM masking.retention_run();
SELECT is((SELECT count(*) FROM masking.pair_calls WHERE called_at < now() - interval '1 hour'), 0::bigint, '... or by retention');
SELECT is_empty($$SELECT FROM masking.pair_calls WHERE pair BETWEEN 10000000 AND 999999999999999$$, 'nothing there is a number');
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT masking.issue_codes() > 0;
SELECT is((SELECT string_agg(pg_temp.enters(o.customer_code), ', ') FROM masking.orders o, generate_series(1, 3) WHERE o.order_id = 'A'),
  'connected 14156667778, connected 14156667778, too_many_calls', 'whoever is let in by a code calls as that party');
SELECT tests.set('calls_per_hour', '0');
SELECT is(tests.reaches(14156667777, 14155550100), '14156667778', '0: as many as they like');
UPDATE masking.settings SET is_on = false WHERE name = 'codes';

-- From a number of ours nobody is rung, support included.
SELECT is((SELECT outcome || coalesce(' ' || counterpart, '') FROM tests.answer_calls(ARRAY['p1'], ARRAY[caller], '{14155550100}', 14156660123)), 'from_proxy', why)
FROM (VALUES (14155550101, 'from another number of the pool'), (14155550100, 'from itself')) AS v (caller, why);
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'p1'), 'from_proxy', 'promise 4: on record');
SELECT is((SELECT outcome FROM tests.answer_codes('{p4}', '{14155550101}', '{14155550100}', '{1}', '{12345}')), 'from_proxy', 'nor by a code');
SELECT tests.pass('10 days');
DELETE FROM masking.orders;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('T', '14156667777', '14156667778');
SELECT is(tests.reaches(14156667777, 14155559999), '14156667778', 'an empty pool');
SELECT is(tests.reaches(14156667777, 14156667777), 'from_proxy', 'From = To: nobody is shown his own number');
SELECT is((SELECT outcome FROM tests.answer_calls('{p2}', '{14156660001}', '{14156660001}', 14156660123)), 'from_proxy', 'nor is support rung');
SELECT is((SELECT outcome FROM tests.answer_codes('{p3}', '{14156660001}', '{14156660001}', '{1}', '{12345}')), 'from_proxy', 'nor a code taken');

SELECT * FROM finish();
