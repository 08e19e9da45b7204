-- Codes: handed out with the order, unique where they count, too many to guess.
SELECT no_plan();

CREATE FUNCTION pg_temp.calls(call text, caller bigint, dialled bigint, may_ask boolean DEFAULT true, support bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql
AS $$
  SELECT outcome || coalesce(' ' || counterpart, '') || coalesce(' ' || digits, '')
  FROM tests.answer_calls(ARRAY[call], ARRAY[caller], ARRAY[dialled], support, may_ask)
$$;
CREATE FUNCTION pg_temp.enters(call text, caller bigint, dialled bigint, attempt bigint, code text) RETURNS text
LANGUAGE sql
AS $$
  SELECT outcome || coalesce(' ' || counterpart, '')
  FROM tests.answer_codes(ARRAY[call], ARRAY[caller], ARRAY[dialled], ARRAY[attempt], ARRAY[code])
$$;
-- A code of five digits that nobody has.
CREATE FUNCTION pg_temp.wrong() RETURNS text
LANGUAGE sql
AS $$
  SELECT lpad(n::text, 5, '0') FROM generate_series(0, 99999) n
  WHERE NOT EXISTS (SELECT FROM masking.codes c WHERE c.code = lpad(n::text, 5, '0')) LIMIT 1
$$;

-- Off, as shipped.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('OFF', '14156667771', '14156667772');
SELECT results_eq($$SELECT customer_code, agent_code FROM masking.orders WHERE order_id = 'OFF'$$,
  $$VALUES (NULL::text, NULL::text)$$, 'no codes unless asked for');
SELECT is(pg_temp.calls('off', 14156660000, 14155550100), 'unknown_caller', 'and nobody is asked for one');

-- On, with the pool empty.
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT is(masking.issue_codes(), 1::bigint, 'orders that are open already get codes on request');
SELECT is((SELECT customer_code ~ '^[0-9]{5}$' AND agent_code ~ '^[0-9]{5}$' FROM masking.orders), true, 'of five digits');
SELECT is(masking.issue_codes(), 0::bigint, 'once');
CREATE TEMP TABLE made AS SELECT 1 AS n, customer_code, agent_code FROM masking.orders LIMIT 0;
GRANT INSERT ON pg_temp.made TO masking_orders;
SELECT lives_ok($$SELECT tests.run_as('masking_orders', 'WITH n AS (INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES (''A'', ''14156667777'', ''14156667778'') RETURNING customer_code, agent_code) INSERT INTO pg_temp.made SELECT 1, * FROM n')$$,
  'the order system writes an order');
SELECT is((SELECT (m.customer_code, m.agent_code) = (o.customer_code, o.agent_code) FROM made m, masking.orders o WHERE o.order_id = 'A'),
  true, 'and RETURNING has its codes');
SELECT is((SELECT customer_code <> agent_code FROM made), true, 'one for each side');

SELECT is(pg_temp.calls('c1', 14156660000, 14155550100, false), 'unknown_caller', 'a server that cannot ask does not');
SELECT is(pg_temp.calls('c1', 14156660000, 14155550100), 'ask_code 6', 'a stranger is asked for as many digits as the longest code has');
SELECT is(pg_temp.enters('c1', 14156660000, 14155550100, 1, pg_temp.wrong()), 'wrong_code', 'wrong');
SELECT is(pg_temp.enters('c1', 14156660000, 14155550100, 2, ''), 'wrong_code', 'nothing is wrong too');
SELECT is(pg_temp.enters('c1', 14156660000, 14155550100, 3, (SELECT customer_code FROM made)), 'connected 14156667778',
  'the customer''s code leads to the agent');
SELECT results_eq($$SELECT outcome, side, order_ids, route_id IS NOT NULL, jsonb_array_length(earlier_answers) FROM masking.calls WHERE call_uuid = 'c1'$$,
  $$VALUES ('connected', 'customer', '{A}'::text[], true, 3)$$, 'promise 4: as that party, and what came before');
SELECT is(pg_temp.calls('c1', 14156660000, 14155550100), 'ask_code 6', 'the question told late again is answered');
SELECT is(pg_temp.enters('c1', 14156660000, 14155550100, 1, pg_temp.wrong()), 'wrong_code', 'so is a wrong try');
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'c1'), 'connected', 'and neither changes the record');
SELECT is(pg_temp.enters('c2', 14156660001, 14155550199, 1, (SELECT agent_code FROM made)), 'connected 14156667777',
  'the agent''s code leads to the customer, on any number while the pool is empty');
SELECT is(pg_temp.enters('c3', 14156667778, 14155550100, 1, (SELECT customer_code FROM made)), 'wrong_code', 'nobody is led to himself');
SELECT is(pg_temp.enters('c4', NULL, 14155550100, 1, (SELECT customer_code FROM made)), 'connected 14156667778',
  'who hides his number is let in by his code; strangers_test.sql has the bound on guesses');

BEGIN;
SELECT pg_temp.enters('c5', 14156660009, 14155550100, 1, (SELECT customer_code FROM made));
SELECT results_eq($$SELECT DISTINCT objid::bigint::bit(32)::integer IN (SELECT hashint8(n) FROM generate_series(14156660000, 14156660009) n)
  FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint::bit(32)::integer = hashtext('masking.codes')$$,
  'VALUES (false)', 'promise 1: pg_locks does not tell who is calling');
COMMIT;

-- Three tries a call, five an hour.
SELECT is(pg_temp.enters('g1', 14156660002, 14155550100, n, pg_temp.wrong()), expected, 'try ' || n)
FROM (VALUES (1, 'wrong_code'), (2, 'wrong_code'), (3, 'code_refused')) AS v (n, expected);
SELECT is(pg_temp.enters('g1', 14156660002, 14155550100, 3, pg_temp.wrong()), 'code_refused', 'the same try told again');
SELECT is((SELECT count(*) FROM masking.code_failures WHERE caller = 14156660002), 3::bigint, 'counts once');
SELECT is(pg_temp.calls('g2', 14156660002, 14155550199), 'ask_code 6', 'another call, another number');
SELECT is(pg_temp.enters('g2', 14156660002, 14155550199, 1, pg_temp.wrong()), 'wrong_code', 'the fourth');
SELECT is(pg_temp.enters('g2', 14156660002, 14155550199, 2, pg_temp.wrong()), 'locked_out', 'the fifth locks him out');
SELECT is(pg_temp.enters('g2', 14156660002, 14155550199, 3, (SELECT customer_code FROM made)), 'locked_out', 'also with the right code');
SELECT is(pg_temp.calls('g3', 14156660002, 14155550100), 'locked_out', 'on every number');
SELECT is(pg_temp.calls('g4', 14156660003, 14155550100), 'ask_code 6', 'nobody else');
SELECT results_eq('SELECT proxy, failures, callers FROM masking.guessing ORDER BY proxy',
  'VALUES (14155550100, 6::bigint, 3::bigint), (14155550199, 2, 1)', 'guessing is seen by number');
UPDATE masking.code_failures SET failed_at = failed_at - interval '59 minutes';
SELECT is(pg_temp.calls('g5', 14156660002, 14155550100), 'locked_out', 'still after 59 minutes');
UPDATE masking.code_failures SET failed_at = failed_at - interval '2 minutes';
SELECT is(pg_temp.calls('g6', 14156660002, 14155550100), 'ask_code 6', 'not after an hour');
UPDATE masking.code_failures SET failed_at = failed_at + interval '1 day';
SELECT is(pg_temp.calls('g6', 14156660002, 14155550100), 'ask_code 6', 'nor by a clock that was set back since');
UPDATE masking.code_failures SET failed_at = failed_at - interval '2 days';
SELECT pg_temp.enters('g7', 14156660004, 14155550100, 1, pg_temp.wrong());
SELECT is((SELECT count(*) FROM masking.code_failures), 1::bigint, 'who guessed a day ago is forgotten');
SELECT is(pg_temp.enters('g8', 14156660005, 14155550100, 1, (SELECT customer_code FROM made)), 'connected 14156667778', 'a code works as often as needed');

-- Whoever forges caller ids is bounded by the number: 30 within ten minutes.
SELECT is((SELECT string_agg(DISTINCT pg_temp.enters('f' || n, 14156690000 + n, 14155550100, 1, pg_temp.wrong()), ',') FROM generate_series(1, 28) n), 'wrong_code',
  'with the one before, 29 wrong codes on a number, of as many callers');
SELECT is(pg_temp.enters('f29', NULL, 14155550100, 1, pg_temp.wrong()), 'no_caller_id', 'the thirtieth closes it, whoever enters it');
SELECT is(pg_temp.enters('f30', 14156690030, 14155550100, 1, (SELECT customer_code FROM made)), 'locked_out', 'right ones are not taken then');
SELECT is(pg_temp.enters('f31', NULL, 14155550100, 1, (SELECT customer_code FROM made)), 'no_caller_id', 'nor from who hides the number');
SELECT is(pg_temp.calls('f32', 14156690032, 14155550100), 'locked_out', 'and nobody is asked for one');
SELECT is(pg_temp.calls('f33', 14156667777, 14155550100), 'connected 14156667778', 'who is known by the phone is connected');
SELECT is(pg_temp.enters('f34', 14156690034, 14155550199, 1, (SELECT customer_code FROM made)), 'connected 14156667778', 'on other numbers nothing changes');
SELECT results_eq('SELECT proxy, failures, is_closed FROM masking.guessing', 'VALUES (14155550100, 30::bigint, true)', 'it is seen');
SELECT results_eq($$SELECT name, value FROM masking.order_gauges() WHERE name ~ 'codes' ORDER BY name$$, $$VALUES ('numbers_closed_to_codes', 1::double precision), ('wrong_codes', 30)$$, 'and a gauge');
UPDATE masking.code_failures SET failed_at = failed_at - interval '9 minutes';
SELECT is(pg_temp.calls('f35', 14156690032, 14155550100), 'locked_out', 'still after nine minutes');
UPDATE masking.code_failures SET failed_at = failed_at - interval '1 minute';
SELECT is(pg_temp.enters('f36', 14156690036, 14155550100, 1, (SELECT customer_code FROM made)), 'connected 14156667778', 'after ten it is open again');
UPDATE masking.code_failures SET failed_at = failed_at + interval '3 hours';
SELECT is(pg_temp.calls('f37', 14156690037, 14155550100), 'ask_code 6', 'also by a clock that was set back since');
DELETE FROM masking.code_failures;

-- The code's life is the order's.
CREATE FUNCTION pg_temp.of(the_order text, the_side text) RETURNS text
LANGUAGE sql
AS $$
  SELECT CASE the_side WHEN 'customer' THEN customer_code ELSE agent_code END FROM masking.orders WHERE order_id = the_order
$$;
UPDATE masking.orders SET agent_number = '14156669999' WHERE order_id = 'A';
SELECT is(pg_temp.of('A', 'customer'), (SELECT customer_code FROM made), 'a swap leaves the customer his code');
SELECT isnt(pg_temp.of('A', 'agent'), (SELECT agent_code FROM made), 'and gives the new agent one of his own');
SELECT is(pg_temp.enters('l1', 14156660006, 14155550100, 1, (SELECT agent_code FROM made)), 'wrong_code', 'the old agent''s is worth nothing');
SELECT is(pg_temp.enters('l2', 14156660006, 14155550100, 1, (SELECT customer_code FROM made)), 'connected 14156669999', 'the customer''s leads to the new agent');
UPDATE masking.orders SET completed_at = now() - interval '10 minutes' WHERE order_id = 'A';
SELECT is((SELECT agent_code FROM masking.orders WHERE order_id = 'A'), NULL, 'after his grace the agent has none');
SELECT is(pg_temp.enters('l3', 14156660006, 14155550100, 1, pg_temp.of('A', 'customer')), 'connected 14156669999', 'within his the customer has');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'A';
SELECT is((SELECT customer_code = (SELECT customer_code FROM made) AND agent_code IS NOT NULL FROM masking.orders WHERE order_id = 'A'), true,
  'an order taken up again has its codes');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT is((SELECT num_nonnulls(customer_code, agent_code) FROM masking.orders WHERE order_id = 'A'), 0, 'a cancelled one has none');
SELECT is(pg_temp.enters('l4', 14156660006, 14155550100, 1, (SELECT customer_code FROM made)), 'wrong_code', 'and its codes are worth nothing');

-- What expired stays so.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('EXP', '14156667001', '14156667002');
SELECT tests.pass('13 hours');
UPDATE masking.codes SET live = tstzrange(lower(live) - interval '13 hours', upper(live) - interval '13 hours') WHERE order_id = 'EXP';
UPDATE masking.orders SET agent_number = agent_number WHERE order_id = 'EXP';
SELECT is((SELECT num_nonnulls(customer_code, agent_code) FROM masking.orders WHERE order_id = 'EXP'), 0, 'an expired order gets no code by being written');
SELECT is(masking.issue_codes(), 0::bigint, 'nor on request');
UPDATE masking.orders SET agent_number = '14156667003' WHERE order_id = 'EXP';
SELECT is((SELECT num_nonnulls(customer_code, agent_code) FROM masking.orders WHERE order_id = 'EXP'), 2, 'with another agent it has new ones');
DELETE FROM masking.orders WHERE order_id IN ('EXP', 'OFF');
SELECT is((SELECT count(*) FROM masking.codes WHERE upper(live) > clock_timestamp()), 0::bigint, 'a deleted order leaves no live code');
SELECT is(pg_temp.calls('l5', 14156660006, 14155550100), 'unknown_caller', 'with no code alive nobody is asked');
SELECT is(pg_temp.calls('s1', 14156660006, 14155550100, true, 14155550999), 'support 14155550999', 'support is rung instead');
SELECT is(pg_temp.calls('s2', 14155550999, 14155550100, true, 14155550999), 'unknown_caller', 'but not by itself');
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 's1'), 'support', 'and that is on record');

-- With a pool: a code counts on its order's number; without a number, on all, but for where the callee has others.
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550101'), ('14155550102');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('P', '14156661001', '14156661002');
SELECT is(pg_temp.calls('p0', 14156660006, 14155550188), 'unknown_caller', 'a number that is not in the pool asks for no code');
SELECT is(pg_temp.enters('p1', 14156660006, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'P'), 1, pg_temp.of('P', 'customer')),
  'connected 14156661002', 'on its own number');
SELECT is(pg_temp.enters('p2', 14156660006, (SELECT e164 FROM masking.proxy_numbers p WHERE NOT EXISTS (
  SELECT FROM masking.orders o WHERE o.order_id = 'P' AND o.proxy_number = p.number)), 1, pg_temp.of('P', 'customer')), 'wrong_code', 'not on another');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('Q1', '14156661001', '14156661003'), ('Q2', '14156661001', '14156661004');
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'Q2'), NULL, 'an order without a number');
SELECT is(pg_temp.enters('q' || number, 14156660007, e164, 1, pg_temp.of('Q2', 'agent')), 'order_waiting', 'is reached by code on none where its customer has others: ' || masking.redacted(number))
FROM masking.proxy_numbers;

-- Length grows so that guessing stays under 1 in 10,000 a call.
UPDATE masking.proxy_numbers SET enabled = number = '14155550101';
INSERT INTO masking.orders (order_id, customer_number, agent_number)
SELECT 'N' || n, (14156620000 + n)::text, (14156630000 + n)::text FROM generate_series(1, 200) n;
SELECT is_empty(
  $$SELECT p.e164, l.digits, count(*) FROM masking.proxy_numbers p
    CROSS JOIN generate_series(5, 15) AS l (digits)
    JOIN masking.codes c ON (c.proxy = p.e164 OR c.proxy IS NULL) AND length(c.code) = l.digits AND upper(c.live) > now()
    GROUP BY 1, 2 HAVING 3 * count(*) / 10.0 ^ l.digits >= 1 / 10000.0$$,
  'three guesses of any length are right less than once in 10,000 calls');
SELECT is((SELECT max(length(code)) FROM masking.codes), 8, 'with 400 codes on one number eight digits do');
SELECT is((SELECT count(*) FROM masking.codes a JOIN masking.codes b ON a.code = b.code AND a.live && b.live
  AND (a.proxy = b.proxy OR a.proxy IS NULL OR b.proxy IS NULL) AND a.code_id < b.code_id), 0::bigint, 'promise 2: no code means two things');
SELECT throws_ok($$INSERT INTO masking.codes (order_id, side, code, proxy, live)
  SELECT 'X', 'agent', code, NULL, live FROM masking.codes WHERE upper(live) > now() LIMIT 1$$, '23P01', NULL, 'which a constraint sees to');
SELECT is(length(masking.random_digits(n)), n, n || ' random digits') FROM generate_series(5, 15) n;

SELECT is_empty($$SELECT DISTINCT c.outcome FROM masking.calls c WHERE NOT EXISTS (SELECT FROM masking.outcomes o WHERE o.kind = 'call' AND o.outcome = c.outcome)$$,
  'each of these outcomes is one of those that are known');

SELECT * FROM finish();
