-- Digits without "+": never somebody else's number, whatever the order system's country writes.
SELECT no_plan();

CREATE FUNCTION pg_temp.reads(rule text, written text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM tests.set('national_numbers', rule);
  RETURN masking.e164(written, 'customer_number');
EXCEPTION WHEN SQLSTATE 'MK001' THEN
  RETURN 'refused';
END
$$;
SELECT is((SELECT word FROM masking.settings WHERE name = 'national_numbers'), 'international', 'as Plivo and the tutorial write them');
SELECT is(pg_temp.reads(rule, written), read, rule || ': ' || written)
FROM (VALUES
  ('international', '12025550001', '12025550001'), ('international', '02025550001', 'refused'),
  ('refused', '12025550001', 'refused'), ('refused', '(202) 555-0001', 'refused'),
  ('refused', '+1 (202) 555-0001', '12025550001'), ('refused', '0012025550001', '12025550001'),
  ('US', '(202) 555-0001', '12025550001'), ('US', '1 202 555 0001', '12025550001'), ('US', '+12025550001', '12025550001'),
  ('US', '+44 20 7946 0000', '442079460000'), ('US', '011 44 20 7946 0000', '442079460000'), ('US', '00 44 20 7946 0000', '442079460000'),
  ('US', '1202555000', 'refused'), ('US', '555-0001', 'refused'), ('US', '20255500011', 'refused'),
  ('US', '442079460000', 'refused'), ('CA', '416 555 0001', '14165550001'),
  ('IN', '98765 43210', '919876543210'), ('IN', '098765 43210', '919876543210'), ('IN', '91 98765 43210', '919876543210'),
  -- An Indian mobile that begins with 91 is not a shorter number behind the country's code.
  ('IN', '91987 65432', '919198765432'), ('IN', '091987 65432', '919198765432'), ('IN', '9191987 65432', '919198765432'),
  ('IN', '14156667777', 'refused'), ('IN', '9876543', 'refused'),
  ('GB', '020 7123 4567', '442071234567'), ('GB', '2071234567', '442071234567'), ('GB', '442071234567', '442071234567'),
  ('GB', '44 20 7123 45', 'refused'), ('GB', '07700 900123', '447700900123'),
  ('DE', '030 1234567', '49301234567'), ('DE', '0151 23456789', '4915123456789'), ('DE', '4915123456789', 'refused'),
  ('FR', '06 12 34 56 78', '33612345678'), ('FR', '33612345678', '33612345678'),
  ('IT', '06 1234 5678', '390612345678'), ('IT', '347 123 4567', '393471234567'), ('ES', '612 345 678', '34612345678'),
  ('ES', '0612 345 678', 'refused'), ('RU', '8 916 123-45-67', '79161234567'), ('RU', '916 123-45-67', '79161234567'),
  ('RU', '810 44 20 7946 0000', '442079460000'), ('HU', '06 20 123 4567', '36201234567'), ('DK', '32 12 34 56', '4532123456'),
  ('AU', '0412 345 678', '61412345678'), ('AU', '0011 44 20 7946 0000', '442079460000'), ('MX', '55 1234 5678', '525512345678'),
  ('CI', '01 23 45 67 89', '2250123456789'), ('SG', '8123 4567', '6581234567'),
  -- What a column of 32 bits makes of every longer number.
  ('international', '2147483647', 'refused'), ('US', '2147483647', 'refused'), ('IN', '4294967295', 'refused'), ('US', '+1 214 748 3647', '12147483647')
) AS v (rule, written, read);

-- The setting.
SELECT tests.set('national_numbers', 'India');
SELECT is((SELECT word FROM masking.settings WHERE name = 'national_numbers'), 'IN', 'a country by its name');
SELECT throws_ok($$SELECT tests.set('national_numbers', 'Atlantis')$$, '23514', NULL, 'one that there is');
SELECT throws_ok($$SELECT tests.set('national_numbers', 'ZZ')$$, '23514', NULL, 'by its letters too');
SELECT tests.set('national_numbers', 'US');
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('N-1', '(202) 555-0001', '202-555-0002')$$);
SELECT is(tests.reaches(12025550002, 14155550100), '12025550001', 'the one meant rings, not Egypt');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('N-1', 'agent', '202.555.0003');
SELECT is(tests.reaches(12025550003, 14155550100), '12025550001', 'further phones too');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('N-2', '1202555000')$$, 'MK001',
  'customer_number: "**00" is not a phone number that could be read in one way only', 'what is not certain is refused, with two digits');
-- What is stored has been read, and stays what it is under any setting.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N-3', '+44 20 7946 0001', '+1 202 555 0009');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('N-3', 'customer', '+44 20 7946 0002');
SELECT lives_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', statement), rule || ': ' || statement)
FROM unnest(ARRAY['US', 'IN', 'refused', 'international']) rule CROSS JOIN LATERAL tests.set('national_numbers', rule)
CROSS JOIN unnest(ARRAY[
  $$UPDATE orders SET completed_at = NULL WHERE order_id = 'N-3'$$,
  $$UPDATE orders SET customer_number = '442079460001', agent_number = '12025550009' WHERE order_id = 'N-3'$$,
  $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('N-3', '442079460001', '12025550009')
    ON CONFLICT (order_id) DO UPDATE SET customer_number = EXCLUDED.customer_number, agent_number = EXCLUDED.agent_number$$,
  $$INSERT INTO order_phones (order_id, side, number) VALUES ('N-3', 'customer', '442079460002') ON CONFLICT DO NOTHING$$,
  $$UPDATE order_phones SET number = number$$
]) statement;
SELECT is(tests.reaches(12025550009, 14155550100), '442079460001', 'and rings');
-- An upsert is read once, whatever it says: what is read has lost its "+".
SELECT is(tests.ask_as('masking_orders', format($$INSERT INTO orders (order_id, customer_number, agent_number)
    VALUES ('N-4', '+1 202 555 0400', %L)
    ON CONFLICT (order_id) DO UPDATE SET customer_number = EXCLUDED.customer_number, agent_number = EXCLUDED.agent_number
    RETURNING agent_number$$, written)), read, format('%s: placed again with %s', rule, written))
FROM (VALUES ('US', '+20 2555 0401', '2025550401'), ('US', '+20 2555 0402', '2025550402'), ('US', '(202) 555-0403', '12025550403'),
  ('US', '+44 20 7946 0002', '442079460002'), ('GB', '+65 6123 4568', '6561234568'), ('GB', '020 7946 0003', '442079460003'),
  ('refused', '+1 909 555 3003', '19095553003')) AS v (rule, written, read)
CROSS JOIN LATERAL tests.set('national_numbers', rule);
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N-4', '+1 202 555 0400', '555')
  ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number$$, 'MK001', NULL, 'a bad one is refused, once it is written');
SELECT lives_ok($$INSERT INTO masking.orders (order_id, customer_number, placed_at) VALUES ('N-4', '+1 202 555 0400', NULL)
  ON CONFLICT (order_id) DO NOTHING$$, 'and what is not written is nobody''s trouble');
SELECT throws_ok(format('SELECT masking.e164(%L, %L)', written, 'n'), 'MK001', NULL, 'a zero that is dialled at home only: ' || written)
FROM unnest(ARRAY['+44 020 7946 0964', '+44 (00)20 7946 0961', '+44 (0 20) 7946 0962', '+49 0151 23456789', '00 33 01 70 18 99 00']) written;
SELECT is(masking.e164(written, 'n'), read, 'one that belongs there: ' || written)
FROM (VALUES ('+39 06 1234 5678', '390612345678'), ('+225 01 23 45 67 89', '2250123456789')) AS v (written, read);

SELECT tests.set('national_numbers', 'US');
INSERT INTO masking.proxy_numbers (number) VALUES ('(415) 555-0100');
SELECT is((SELECT number FROM masking.proxy_numbers), '14155550100', 'and the pool');
DELETE FROM masking.orders;
DELETE FROM masking.proxy_numbers;
SELECT tests.set('national_numbers', 'international');

-- Callers whose network sends the national form; negative is what the server makes of one leading zero.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('C-1', '+44 20 7123 4567', '+44 20 7123 4568'), ('C-2', '+1 916 123 4567', '+1 415 666 0002'),
  ('C-3', '+39 06 1234 5678', '+39 347 123 4567'), ('C-4', '+45 32 12 34 56', '+45 32 12 34 57'), ('C-5', '+55 11 98765 4321', '+55 21 98765 4322');
SELECT is(tests.reaches(caller, dialled), rings, format('From %s, To %s', caller, dialled))
FROM (VALUES (-2071234567, 442079460000, '442071234568'), (442071234567, 442079460000, '442071234568'),
  (-2071234567, 33170189900, 'no_caller_id'), (-1, 442079460000, 'no_caller_id'),
  (9161234567, 14155550100, '14156660002'), (9161234567, 442079460000, 'unknown_caller'),
  (-612345678, 390612340000, '393471234567'), (4532123456, 14155550100, '4532123457'), (32123456, 4532000000, '4532123457'), (11987654321, 551140028922, '5521987654322'),
  (-11442071234567, 14155550100, '442071234568')) AS v (caller, dialled, rings);
-- Who is a French VoIP line is nobody's Brazilian mobile. Of what can be no international number, one with orders is one
-- all the same, as a numbering plan may be newer than the table; only then it is read with the country that was dialled.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('C-6', '+55 33 91224-5659', '+55 11 98765 0001'), ('C-7', '+33 9 12 24 56 59', '+55 11 98765 0002'),
  ('C-8', '+1 471 234 5678', '+1 415 666 0008'), ('C-9', '+47 12 34 56 78', '+1 415 666 0009');
SELECT is(tests.reaches(caller, dialled), rings, format('From %s, To %s, both ways of reading have a route', caller, dialled))
FROM (VALUES (33912245659, 551155550100, '5511987650002'), (5533912245659, 551155550100, '5511987650001'),
  (4712345678, 14155550100, '14156660009')) AS v (caller, dialled, rings);
UPDATE masking.orders SET cancelled_at = now() WHERE order_id IN ('C-7', 'C-9');
SELECT is(tests.reaches(caller, dialled), 'order_over', format('From %s, To %s, whose own order is over', caller, dialled))
FROM (VALUES (33912245659, 551155550100), (4712345678, 14155550100)) AS v (caller, dialled);
DELETE FROM masking.orders WHERE order_id IN ('C-7', 'C-9');
SELECT is(masking.caller_of(caller, dialled), who, format('From %s, To %s, without an order', caller, dialled))
FROM (VALUES (33912245659, 551155550100, 33912245659), (4712345678, 14155550100, 4712345678)) AS v (caller, dialled, who);
DELETE FROM masking.routes WHERE caller = 4712345678;
SELECT is(tests.reaches(4712345678, 14155550100), '14156660008', 'one that cannot be, and nobody had it: as its network shows it');

SELECT is((SELECT caller_digits FROM masking.calls WHERE outcome = 'no_caller_id' LIMIT 1) ~ '^[0-9]+$', true, 'on record with two digits')
WHERE EXISTS (SELECT FROM masking.calls WHERE outcome = 'no_caller_id' AND caller_digits IS NOT NULL);

SELECT ok((SELECT words ~ '^connected' FROM masking.explain_route('020 7123 4567', '442079460000')), 'explained the same way');
SELECT ok((SELECT words ~ 'from: .* is not a phone number' FROM masking.explain_route('020 7123 4567', '33170189900')), 'or not');

-- A checkout that must never fail.
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('B-0', '+1 415 666 7777 ext. 12345')$$, 'MK001', NULL, 'no number: refused');
SELECT tests.set('bad_numbers', 'unmasked');
SELECT is(tests.ask_as('masking_orders', format('INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s) RETURNING masking', row_values)),
  'refused', 'commits: ' || row_values)
FROM unnest(ARRAY[$$'B-1', '+1 415 666 7777 ext. 12345', '14156660003'$$, $$'B-2', '14156660004', 'at the door'$$, $$'B-3', 'a', 'b'$$,
  $$'B-4', NULL, '14156660003'$$, $$'B-5', '14156660005', '14156660005'$$]) row_values;
SELECT results_eq($$SELECT order_id, customer_number, agent_number, proxy_number FROM masking.orders WHERE order_id LIKE 'B-%' ORDER BY 1$$,
  $$VALUES ('B-1' COLLATE "C", NULL, '14156660003', NULL), ('B-2', '14156660004', NULL, NULL), ('B-3', NULL, NULL, NULL),
    ('B-4', NULL, '14156660003', NULL), ('B-5', '14156660005', NULL, NULL)$$, 'the bad number is NULL');
SELECT results_eq('SELECT order_id, reason FROM masking.unmasked_orders ORDER BY 1', $$VALUES
  ('B-1' COLLATE "C", 'the customer''s number was not taken: **45 is not a phone number'), ('B-2', 'the agent''s number was not taken: ** is not a phone number'),
  ('B-3', 'the customer''s number was not taken: ** is not a phone number; the agent''s number was not taken: ** is not a phone number'),
  ('B-4', 'the customer''s number is missing'), ('B-5', 'the agent''s number was not taken: **05 is the customer''s own')$$,
  'why stands in unmasked_orders, with two digits');
SELECT is((SELECT count(*) FROM masking.unmasked_orders), 5::bigint, 'for each');
UPDATE masking.orders SET placed_at = placed_at WHERE order_id = 'B-1';
SELECT is((SELECT masking FROM masking.orders WHERE order_id = 'B-1'), 'refused', 'written again, it stays so');
SELECT is((SELECT count(*) FROM masking.assign_pending()), 0::bigint, 'no number is looked for');
UPDATE masking.orders SET customer_number = '+1 415 666 7778' WHERE order_id = 'B-1';
SELECT is((SELECT masking FROM masking.orders WHERE order_id = 'B-1'), 'any number', 'corrected: connected');
SELECT is(tests.reaches(14156667778, 14155550100), '14156660003', 'and called');
UPDATE masking.orders SET customer_number = 'none' WHERE order_id = 'B-1';
SELECT is(tests.reaches(14156660003, 14155550100), 'order_waiting', 'a bad one instead: nobody yet');
UPDATE masking.orders SET completed_at = now() WHERE order_id LIKE 'B-%';
SELECT is_empty('SELECT FROM masking.unmasked_orders', 'over: nobody waits');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B-6', '14156660061', '14156660062');
SELECT is(tests.ask_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number)
  VALUES ('B-6', '14156660061', '+1 415 666 0063 ext. 12')
  ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number RETURNING concat_ws(', ', masking, customer_refused, agent_refused, agent_refused_digits)$$),
  'refused, not a phone number, 12', 'placed again with a bad one: why is on record');
SELECT matches(words, 'order B-6: the agent''s number was not taken: \*\*12 is not a phone number', 'and explained')
FROM masking.explain_route('14156660061', '14155550100');
SELECT ok(bool_and(details = 'The agent''s number was not taken: **12 is not a phone number.'), 'on the order''s page too') FROM masking.explained_sides('B-6');
INSERT INTO masking.dial_prefixes (prefix) VALUES ('1415');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
SELECT is(tests.ask_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('B-7', '442071234567', '14155550100')
  RETURNING concat_ws(', ', masking, customer_refused, customer_refused_digits, agent_refused, agent_refused_digits)$$),
  'refused, prefix not dialled, 67, a proxy number, 00', 'what may not be used: a word for each');
UPDATE masking.orders SET agent_number = '14156660003' WHERE order_id = 'B-7';
SELECT is((SELECT concat_ws(', ', masking, customer_refused, customer_refused_digits, agent_refused, agent_refused_digits) FROM masking.orders WHERE order_id = 'B-7'),
  'refused, prefix not dialled, 67', 'a good one instead: its word goes, and no other');
DELETE FROM masking.orders WHERE order_id IN ('B-6', 'B-7');
DELETE FROM masking.proxy_numbers;
DELETE FROM masking.dial_prefixes;
SELECT tests.set('bad_numbers', 'refused');
SELECT lives_ok($$UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'B-3'$$, 'the setting taken back: such an order goes on');

-- A number that cannot be is refused wherever people write one; what was stored before that was known goes on.
SELECT throws_ok(statement, 'MK001', column_name || ': "**34" is not a phone number: +41 (Switzerland) has none of 8 digits', statement)
FROM (VALUES ($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('I-0', '415-666-1234')$$, 'customer_number'),
  ($$UPDATE masking.orders SET agent_number = '415-666-1234' WHERE order_id = 'B-2'$$, 'agent_number'),
  ($$INSERT INTO masking.order_phones (order_id, side, number) VALUES ('B-2', 'customer', '415-666-1234')$$, 'number'),
  ($$INSERT INTO masking.proxy_numbers (number) VALUES ('415-666-1234')$$, 'number'),
  ($$SELECT masking.block_person('415-666-1234')$$, 'number'), ($$SELECT masking.erase_person('415-666-1234')$$, 'number')) AS v (statement, column_name);
SELECT ok((SELECT words ~ 'to: "\*\*34" is not a phone number: \+41 \(Switzerland\) has none of 8 digits' FROM masking.explain_route('14156660004', '415-666-1234')), 'and explained');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('I-1', '+41 21 234 56 78', '+41 78 123 45 67');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('I-1', 'customer', '+41 21 234 56 79');
UPDATE masking.number_lengths SET first_digits = '' WHERE code = '41';
SELECT lives_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', statement), 'stored when it could be: ' || statement)
FROM unnest(ARRAY[$$UPDATE orders SET completed_at = NULL WHERE order_id = 'I-1'$$,
  $$UPDATE orders SET customer_number = '0041 21 2345678', agent_number = '+41 78 1234567' WHERE order_id = 'I-1'$$,
  $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('I-1', '+41212345678', '+41781234567')
    ON CONFLICT (order_id) DO UPDATE SET customer_number = EXCLUDED.customer_number, agent_number = EXCLUDED.agent_number$$,
  $$UPDATE order_phones SET number = '+41212345679' WHERE order_id = 'I-1'$$, $$UPDATE orders SET completed_at = now() - interval '1 year' WHERE order_id = 'I-1'$$]) statement;
SELECT is((SELECT orders FROM masking.erase_person('+41 21 234 56 78')), 1, 'and is erased');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('I-2', '+41 21 234 56 78')$$, 'MK001',
  'customer_number: "**78" is not a phone number: +41 (Switzerland) has none of 9 digits', 'then it is one that cannot be');
DELETE FROM masking.orders WHERE order_id = 'I-1';

-- '' is no agent.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E-1', '14156660011', ''), ('E-2', '14156660012', E' \u200E\u00A0');
SELECT is((SELECT count(*) FROM masking.orders WHERE order_id LIKE 'E-_' AND agent_number IS NULL), 2::bigint, 'an empty agent_number is no agent');
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number) VALUES ('E-3', '')$$, 'MK001', NULL, 'an empty customer_number is no customer');

-- A guest from abroad.
DELETE FROM masking.orders;
INSERT INTO masking.proxy_numbers (number, prefix) VALUES ('14155550100', '1');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('G-1', '+44 20 7946 0001', '+1 415 666 0031');
SELECT results_eq('SELECT order_id, reason FROM masking.unmasked_orders', $$VALUES ('G-1' COLLATE "C", 'no number serves them')$$,
  'no prefix serves him: unmasked_orders says so');
SELECT results_eq('SELECT prefix, waiting_orders, waiting_why FROM masking.pool_status ORDER BY prefix',
  $$VALUES ('1', 0::bigint, NULL), (NULL, 1, 'no number serves them')$$, 'and pool_status');
SELECT tests.set('any_prefix', 'true');
SELECT is((SELECT proxy_number FROM masking.assign_pending()), '14155550100', 'by the setting any enabled number is better than none');
SELECT is(tests.reaches(442079460001, 14155550100), '14156660031', 'and connects');
INSERT INTO masking.proxy_numbers (number, prefix) VALUES ('442055550100', '44'), ('14155550101', '1');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('G-2', '14156660041', '14156660042');
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'G-2') ~ '^1', true, 'one that serves them comes first');
UPDATE masking.proxy_numbers SET enabled = false;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('G-3', '442079460009', '14156660043');
SELECT is((SELECT reason FROM masking.unmasked_orders WHERE order_id = 'G-3'), 'no number serves them', 'never a disabled one');

-- What waits is counted by person; the tutorial's mode raises no alarm.
DELETE FROM masking.orders;
SELECT tests.pass('10 days');
DELETE FROM masking.pool_peaks;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'T' || n, (14156661000 + n)::text, '14156660050' FROM generate_series(1, 2) n;
SELECT is_empty('SELECT FROM masking.pool_status WHERE headroom < 0', 'an empty pool has no headroom to lack');
SELECT is_empty($$SELECT FROM masking.pool_gauges() WHERE name = 'pool_headroom'$$, 'nor such a gauge');
DELETE FROM masking.orders;
SELECT tests.pass('10 days');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'F' || n, (14156661000 + n)::text, '14156660050' FROM generate_series(1, 5) n;
SELECT results_eq($$SELECT numbers_needed, headroom, waiting_orders FROM masking.pool_status WHERE prefix = ''$$,
  'VALUES (5::bigint, -4::bigint, 4::bigint)', 'one number, one agent with five orders: five are needed');

SELECT * FROM finish();
