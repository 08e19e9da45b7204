-- Who reaches nobody on the number he dialled is told the truth; or, by the setting any_number,
-- connected; and who hides his number may enter a code.
SELECT no_plan();

CREATE FUNCTION pg_temp.calls(call text, caller bigint, dialled bigint, support bigint DEFAULT NULL, may_ask boolean DEFAULT true) RETURNS text
LANGUAGE sql AS $$
  SELECT concat_ws(' ', outcome, counterpart, 'showing ' || shows, 'digits ' || digits) FROM tests.answer_calls(ARRAY[call], ARRAY[caller], ARRAY[dialled], support, may_ask)
$$;
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156660001', '14156660002');
CREATE TEMP TABLE o AS SELECT proxy_number::bigint AS own, CASE proxy_number WHEN '14155550100' THEN 14155550101 ELSE 14155550100 END AS other FROM masking.orders;
GRANT SELECT ON o TO PUBLIC;

-- Another number of the pool.
SELECT is(pg_temp.calls('a1', 14156660001, (SELECT other FROM o)), 'other_number', 'whose order is on another number is told so');
SELECT is((SELECT say FROM tests.answer_calls('{a1}', '{14156660001}', ARRAY[(SELECT other FROM o)])), (SELECT words FROM masking.prompts WHERE event = 'other_number' AND language = 'en-US'), 'in words');
SELECT is(pg_temp.calls('a2', 14156660001, (SELECT other FROM o), 14156669999), 'other_number', 'rather than sent to support');
SELECT is(pg_temp.calls('a3', 14156669000, (SELECT other FROM o)), 'unknown_caller', 'a stranger is not');
SELECT tests.set('any_number', 'true');
SELECT is(pg_temp.calls('a4', 14156660001, (SELECT other FROM o)), 'connected 14156660002 showing ' || (SELECT own FROM o), 'by the setting he is connected, and the order''s own number is shown');
SELECT results_eq($$SELECT side, order_ids, proxy, caller_hash FROM masking.calls WHERE call_uuid = 'a4'$$, $$SELECT 'customer', '{A}'::text[], other, NULL::bigint FROM o$$, 'promise 4: on record with its order, and the number dialled');
SELECT is(pg_temp.calls('a5', 14156660002, (SELECT other FROM o)), 'connected 14156660001 showing ' || (SELECT own FROM o), 'so is the agent');
SELECT is(pg_temp.calls('a6', 14156660001, 14155559999), 'other_number', 'but on no number that is not of the pool');
SELECT is(pg_temp.calls('a7', 14156660001, (SELECT own FROM o)), 'connected 14156660002', 'on its own number nothing changes');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156660003', '14156660002');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550102');
SELECT is(pg_temp.calls('a8', 14156660002, 14155550102), 'other_number', 'promise 2: of two counterparts neither is guessed at');
SELECT is(pg_temp.calls('a9', 14156660003, 14155550102), 'connected 14156660002 showing ' || (SELECT proxy_number FROM masking.orders WHERE order_id = 'B'), 'each of these has one');
SELECT tests.set('any_number', 'false');

-- Over, and not yet.
UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = 'A';
SELECT is(pg_temp.calls('b1', 14156660001, (SELECT own FROM o)), 'order_over', 'whose order is over is told so');
SELECT is(pg_temp.calls('b2', 14156660001, (SELECT other FROM o)), 'order_over', 'on whatever number');
SELECT is((SELECT string_agg(call_uuid, ',' ORDER BY call_uuid) FROM masking.order_calls('A') WHERE call_uuid LIKE 'b%'), 'b1,b2', 'and these calls are found from the order');
SELECT is(pg_temp.calls('b3', 14156660001, (SELECT own FROM o), 14156669999), 'support 14156669999', 'where support rings, it does');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('C', '14156660001');
SELECT is(pg_temp.calls('c1', 14156660001, (SELECT own FROM o)), 'order_waiting', 'whose order has no agent yet is told that');
SELECT tests.pass('13 hours');
SELECT is(pg_temp.calls('c2', 14156660001, (SELECT own FROM o)), 'order_over', 'but not for ever');

-- Hidden numbers.
SELECT is(pg_temp.calls('h1', NULL, (SELECT own FROM o)), 'no_caller_id', 'who hides his number is told to show it');
SELECT is(pg_temp.calls('h2', NULL, (SELECT own FROM o), 14156669999), 'support 14156669999', 'where support rings, it does');
SELECT tests.set('codes', 'true');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('D', '14156660011', '14156660012');
CREATE TEMP TABLE d AS SELECT proxy_number::bigint AS own, customer_code FROM masking.orders WHERE order_id = 'D';
SELECT is(pg_temp.calls('h3', NULL, own, 14156669999), 'ask_code digits 5', 'where codes are on he is asked for one') FROM d;
SELECT is(pg_temp.calls('h4', NULL, own, 14156669999, false), 'support 14156669999', 'unless the server cannot ask') FROM d;
CREATE FUNCTION pg_temp.enters(call text, caller bigint, dialled bigint, attempt bigint, code text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', outcome, counterpart) FROM tests.answer_codes(ARRAY[call], ARRAY[caller], ARRAY[dialled], ARRAY[attempt], ARRAY[code])
$$;
SELECT is(pg_temp.enters('h3', NULL, own, 1, customer_code), 'connected 14156660012', 'the right one connects him') FROM d;
SELECT is((SELECT string_agg(DISTINCT pg_temp.enters('g' || n, NULL, own, 1, '00000'), ',') FROM d, generate_series(1, 19) n), 'wrong_code', 'nineteen wrong ones of theirs are nineteen people''s');
SELECT is(pg_temp.enters('g20', NULL, own, 1, '00000'), 'no_caller_id', 'with the twentieth they have to show their number') FROM d;
SELECT is(pg_temp.enters('g21', NULL, own, 1, customer_code), 'no_caller_id', 'also who knows the right one') FROM d;
SELECT is(pg_temp.calls('h5', NULL, own), 'no_caller_id', 'nobody hidden is asked any more') FROM d;
SELECT is(pg_temp.calls('h6', NULL, own, 14156669999), 'support 14156669999', 'support rings, where it does') FROM d;
INSERT INTO masking.codes (order_id, side, code, proxy, live) VALUES ('D', 'customer', '54321', 14155550188, tstzrange(now() - interval '1 minute', now() + interval '1 hour'));
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550188');
SELECT is(pg_temp.calls('h7', NULL, 14155550188), 'ask_code digits 5', 'on another number they have their own twenty');
SELECT is(pg_temp.calls('s1', 14156669001, own), 'ask_code digits 5', 'and who shows his number is asked as ever') FROM d;
SELECT is(pg_temp.enters('s1', 14156669001, own, 1, customer_code), 'connected 14156660012', 'and let in') FROM d;
SELECT is((SELECT string_agg(pg_temp.enters('s2', 14156669002, own, n, '00000'), ',') FROM d, generate_series(1, 5) n) LIKE '%locked_out', true, 'five of his own are too many');
SELECT results_eq($$SELECT failures, callers FROM masking.guessing g JOIN d ON g.proxy = d.own$$, 'VALUES (25::bigint, 1::bigint)', 'the hidden count among the wrong codes, and as no caller');
UPDATE masking.code_failures SET failed_at = failed_at - interval '61 minutes';
SELECT is(pg_temp.calls('h8', NULL, own), 'ask_code digits 5', 'an hour later the hidden are asked again') FROM d;

-- A phone has two spellings in some countries, and is one phone.
SELECT tests.set('codes', 'false');
DELETE FROM masking.orders;
INSERT INTO masking.proxy_numbers (number) VALUES ('+52 1 55 7777 0000');
SELECT throws_ok($$INSERT INTO masking.proxy_numbers (number) VALUES ('+52 55 7777 0000')$$, '23505', NULL, 'a number of the pool is one in either');
SELECT is(pg_temp.calls('x1', 525577770000, 14155550188, 14156669999), 'from_proxy', 'a number of the pool calls: nobody rings');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('X', '14156660021', '+52 55 7777 0000')$$,
  'MK004', NULL, 'no party has it');
SELECT is(pg_temp.calls('x2', 525599998888, 14155550188, 5215599998888), 'unknown_caller', 'support is not rung by its own phone');
SELECT is(pg_temp.calls('x3', 14156669001, 525599998888, 5215599998888), 'unknown_caller', 'nor on its own number');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('X', '14156660021', '14156660022');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('X', 'customer', '+52 55 9191 0003'), ('X', 'customer', '+52 1 55 9191 0003');
SELECT is((SELECT count(*) FROM masking.order_phones), 1::bigint, 'a further phone is one in either');
DELETE FROM masking.orders;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('Y', '+52 55 1234 5678', '+52 1 55 8765 4321');
SELECT is(pg_temp.calls('x4', 525512345678, 525587654321), 'unknown_caller', 'nobody is rung from the number that is his own');

-- Further phones of an order that waits.
INSERT INTO masking.proxy_numbers (number, prefix) VALUES ('14155550100', '44');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('W1', '14156660031');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('W2', '14156660041', '14156660042');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('W1', 'customer', '14156660032'), ('W2', 'customer', '14156660043'), ('W2', 'agent', '14156660044');
SELECT is(pg_temp.calls('w' || caller, caller, 14155550100), 'order_waiting', 'the order waits: ' || masking.redacted(caller::text))
FROM unnest(ARRAY[14156660031, 14156660032, 14156660041, 14156660042, 14156660043, 14156660044]) caller;
SELECT is((SELECT count(*) FROM masking.order_calls('W2')), 4::bigint, 'and lists the calls of all its phones');
SELECT matches(words, 'order W2: waiting for a proxy number', 'which are explained') FROM masking.explain_route('14156660043', '14155550100');

-- Open or not: a completion in the future is a plan, and an order is over also when it never connected anybody.
CREATE FUNCTION pg_temp.hear() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(DISTINCT pg_temp.calls('q' || random(), caller, 14155550100), ',')
  FROM unnest(ARRAY[14156660031, 14156660032, 14156660041, 14156660042, 14156660043, 14156660044]) caller
$$;
UPDATE masking.orders SET completed_at = now() + interval '1 day';
SELECT is(pg_temp.hear(), 'order_waiting', 'planned to be completed tomorrow, they wait');
SELECT tests.pass('13 hours');
SELECT is(pg_temp.hear(), 'order_waiting', 'and no longest life counts against a plan');
SELECT is((SELECT string_agg(order_id, ',') FROM masking.unmasked_orders WHERE order_id LIKE 'W%'), 'W2', 'as support reads it');
SELECT throws_ok($$INSERT INTO masking.proxy_numbers (number) VALUES ('$$ || phone || $$')$$, 'MK004', NULL, 'the pool takes no phone of theirs: ' || what)
FROM (VALUES ('14156660031', 'a customer''s without an agent'), ('14156660042', 'an agent''s who waits')) v (phone, what);
SELECT is((SELECT (orders, still_open)::text FROM masking.erase_person('14156660031')), '(0,1)', 'and nobody is erased from an open order');
UPDATE masking.orders SET completed_at = 'infinity';
SELECT is(pg_temp.hear(), 'order_waiting', 'so they do with a completion that never comes');
SELECT is((SELECT (orders, still_open)::text FROM masking.erase_person('14156660031')), '(0,1)', 'and are on open orders');
UPDATE masking.orders SET completed_at = now() + interval '1 day', cancelled_at = now();
SELECT is(pg_temp.hear(), 'order_over', 'cancelled they are over, though they never connected anybody');
UPDATE masking.orders SET completed_at = now() - interval '1 day', cancelled_at = NULL;
SELECT is(pg_temp.hear(), 'order_over', 'so they are completed');
SELECT is((SELECT (orders, still_open)::text FROM masking.erase_person('14156660031')), '(1,0)', 'and people erased');
SELECT is(pg_temp.calls('z1', 14156660031, 14155550100), 'unknown_caller', 'whom nobody knows then');
UPDATE masking.orders SET completed_at = NULL, placed_at = now(), recorded_at = now() WHERE order_id = 'W2';
SELECT is(pg_temp.calls('z2', 14156660043, 14155550100), 'order_waiting', 'reopened, it waits');
SELECT tests.pass('13 hours');
SELECT is(pg_temp.calls('z3', 14156660043, 14155550100), 'order_over', 'but no longer than it would have been connected');

-- A number that was not taken: nobody to connect with, on either side.
SELECT tests.set('bad_numbers', 'unmasked');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('R1', '14156660051', 'at the door'), ('R2', 'at the door', '14156660052');
SELECT is(pg_temp.calls('r' || caller, caller, 14155550100), 'order_waiting', 'who is on an order with a number that was refused: ' || masking.redacted(caller::text))
FROM unnest(ARRAY[14156660051, 14156660052]) caller;
UPDATE masking.orders SET completed_at = now() + interval '1 day' WHERE order_id LIKE 'R%';
SELECT is((SELECT string_agg(order_id, ',' ORDER BY order_id) FROM masking.unmasked_orders), 'R1,R2', 'support finds it, completion planned or not');

-- The code of an order that waits, on numbers that others have with its callee.
SELECT tests.set('bad_numbers', 'refused');
SELECT tests.set('codes', 'true');
DELETE FROM masking.orders;
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550105');
UPDATE masking.proxy_numbers SET enabled = number = '14155550105';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('K1', '14156660061', '14156660069');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('K2', '14156660062', '14156660069');
CREATE TEMP TABLE k AS SELECT customer_code AS code FROM masking.orders WHERE order_id = 'K2' AND masking = 'waiting';
GRANT SELECT ON k TO PUBLIC;
SELECT is(pg_temp.enters('k1', 14156660062, 14155550105, 1, code), 'order_waiting', 'where the agent would take him for another customer he is told to wait') FROM k;
SELECT is((SELECT say FROM tests.answer_codes('{k2}', '{14156660062}', '{14155550105}', '{1}', ARRAY[code])),
  (SELECT words FROM masking.prompts WHERE event = 'order_waiting' AND language = 'en-US'), 'in words') FROM k;
SELECT is_empty('SELECT FROM masking.code_failures WHERE caller = 14156660062', 'which is no wrong code');
SELECT is((SELECT row(outcome, side, order_ids)::text FROM masking.calls WHERE call_uuid = 'k1'), '(order_waiting,customer,{K2})', 'promise 4: on record with its order');
SELECT is(pg_temp.enters('k3', 14156660062, 14155550100, 1, code), 'connected 14156660069', 'where the agent reaches nobody he is connected') FROM k;
SELECT tests.set('any_number', 'true');
SELECT is(pg_temp.enters('k4', 14156660062, 14155550100, 1, code), 'order_waiting', 'unless the agent who calls back is led to the other customer') FROM k;
SELECT tests.set('any_number', 'false');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('K2', 'customer');
SELECT is(pg_temp.enters('k5', 14156660062, 14155550105, 1, code), 'blocked', 'a block comes first') FROM k;

SELECT * FROM finish();
