-- What is heard before two people are connected: by the caller while nobody is rung yet, by the callee once he has
-- answered. Which of several orders, what it is called, and on which number which sentence.
SELECT no_plan();

-- What the caller hears, and what the callee does, of one call; each is a call of its own, with an id that nobody had.
CREATE SEQUENCE pg_temp.calls;
CREATE FUNCTION pg_temp.told(call text, shown bigint, a masking.answer) RETURNS text
LANGUAGE sql
AS $$
  SELECT concat_ws(' | ', a.outcome, a.greet_say, CASE WHEN a.greets_callee THEN coalesce(
    (SELECT p.say FROM masking.find_prompts('{greet_callee}', ARRAY[shown], ARRAY[call]) p), 'nothing') END)
$$;
CREATE FUNCTION pg_temp.heard(caller bigint, dialled bigint DEFAULT 14155550100) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  call CONSTANT text := 'heard-' || nextval('pg_temp.calls');
  a masking.answer;
BEGIN
  SELECT * INTO a FROM tests.answer_calls(ARRAY[call], ARRAY[caller], ARRAY[dialled], 14155550999);
  RETURN pg_temp.told(call, coalesce(a.shows, dialled), a);
END
$$;
CREATE FUNCTION pg_temp.heard_by_code(code text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  call CONSTANT text := 'heard-' || nextval('pg_temp.calls');
  a masking.answer;
BEGIN
  SELECT * INTO a FROM tests.answer_codes(ARRAY[call], '{14156660005}', '{14155550100}', '{1}', ARRAY[code]);
  RETURN pg_temp.told(call, 14155550100, a);
END
$$;
CREATE FUNCTION pg_temp.write(statement text) RETURNS void LANGUAGE sql AS $$ SELECT tests.run_as('masking_orders', statement) $$;

-- Off, as shipped.
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('A', '14156667777', '14156667778', 'A17')$$);
SELECT is(pg_temp.heard(14156667777), 'connected', 'nothing is said unless asked for');
SELECT is((SELECT num_nonnulls(a.greet_say, a.greet_voice, a.greet_language, a.greets_callee) FROM tests.answer_calls('{off}', '{14156667777}', '{14155550100}') a), 0, 'of which the answer has nothing');

-- The callee.
UPDATE masking.settings SET is_on = true WHERE name = 'greet_callee';
SELECT is(pg_temp.heard(14156667777), 'connected | This is a call about order A, 1, 7.', 'one character at a time');
SELECT is(pg_temp.heard(14156667778), 'connected | This is a call about order A, 1, 7.', 'whoever of the two is called');
SELECT pg_temp.write($$UPDATE orders SET spoken = 'az09' WHERE order_id = 'A'$$);
SELECT is(pg_temp.heard(14156667777), 'connected | This is a call about order A, Z, 0, 9.', 'in capitals: a lone "a" is read as a word');
SELECT pg_temp.write($$UPDATE orders SET spoken = '' WHERE order_id = 'A'$$);
SELECT is((SELECT spoken FROM masking.orders), NULL, '"" is none');
SELECT is(pg_temp.heard(14156667777), 'connected', 'and the order''s id is never said');
UPDATE masking.prompts SET words = 'A call about an order.' WHERE event = 'greet_callee' AND language = 'en-US';
SELECT is(pg_temp.heard(14156667777), 'connected | A call about an order.', 'words that name none are said all the same');
UPDATE masking.prompts SET words = 'Order {order}, {order}.', play_url = 'https://cdn.example.com/order.mp3' WHERE event = 'greet_callee' AND language = 'en-US';
SELECT is(pg_temp.heard(14156667777), 'connected | https://cdn.example.com/order.mp3', 'so is a recording');
UPDATE masking.prompts SET play_url = NULL WHERE event = 'greet_callee' AND language = 'en-US';
SELECT is(pg_temp.heard(14156667777), 'connected', 'without a recording they name it');
SELECT pg_temp.write($$UPDATE orders SET spoken = 'B' WHERE order_id = 'A'$$);
SELECT is(pg_temp.heard(14156667777), 'connected | Order B, B.', 'as often as they like');
SELECT is_empty($$SELECT * FROM masking.find_prompts('{greet_callee,greet_callee}', '{14155550100,14155550100}', '{nobody,NULL}')$$, 'of a call that is not on record nothing is said');
SELECT is_empty($$SELECT * FROM masking.find_prompts('{greet_callee}', '{14155550100}')$$, 'nor of none');
SELECT results_eq(
  $$SELECT place, say FROM masking.find_prompts('{press_key,greet_callee,press_key}', '{14155550100,14155550100,NULL}', '{NULL,off,off}') ORDER BY place$$,
  $$VALUES (1, 'This is a call about an order. To take it, press 1.'), (2, 'Order B, B.'), (3, 'This is a call about an order. To take it, press 1.')$$,
  'the other sentences are what they were');
DELETE FROM masking.prompts WHERE event = 'greet_callee' AND language = 'en-US';
SELECT is(pg_temp.heard(14156667777), 'connected', 'without a sentence nothing is said');
INSERT INTO masking.prompts (event, language, words) VALUES ('greet_callee', 'en-US', 'Order {order}.');

-- Of several orders the one that connected the two last.
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('0', '14156667777', '14156667778', '2')$$);
SELECT is(pg_temp.heard(14156667777), 'connected | Order 2.', 'the latest');
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('Z', '14156667778', '14156667777', '3')$$);
SELECT is(pg_temp.heard(14156667777), 'connected | Order 3.', 'also where they have changed sides');
SELECT is(pg_temp.heard(14156667778), 'connected | Order 3.', 'both ways');
SELECT pg_temp.write($$UPDATE orders SET spoken = NULL WHERE order_id = 'Z'$$);
SELECT is(pg_temp.heard(14156667777), 'connected', 'that one has no name: no other order''s is said');
SELECT pg_temp.write($$UPDATE orders SET spoken = '3' WHERE order_id = 'Z'$$);
SELECT pg_temp.write($$INSERT INTO order_blocks (order_id, side) VALUES ('A', 'both')$$);
SELECT pg_temp.write($$DELETE FROM order_blocks$$);
SELECT is(pg_temp.heard(14156667777), 'connected | Order 3.', 'an earlier one is no later for a block that was lifted');
SELECT pg_temp.write($$INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '14156660009')$$);
SELECT is(pg_temp.heard(14156660009), 'connected | Order B.', 'from a further phone of an order that order');
SELECT is(pg_temp.heard(14156667777), 'connected | Order 3.', 'from the others still the latest of the two');
SELECT pg_temp.write($$DELETE FROM orders WHERE order_id IN ('0', 'Z')$$);
SELECT is(pg_temp.heard(14156667777), 'connected | Order B.', 'what is gone is not the latest');

-- Who is not connected, and support, hear nothing of it.
UPDATE masking.settings SET is_on = true WHERE name = 'greet_caller';
SELECT is(pg_temp.heard(14156660000), 'support', 'support is rung without a word');
SELECT pg_temp.write($$INSERT INTO order_blocks (order_id, side) VALUES ('A', 'customer')$$);
SELECT is(pg_temp.heard(14156667777), 'blocked', 'who is blocked hears that alone');
SELECT pg_temp.write($$DELETE FROM order_blocks$$);

-- The caller.
SELECT is(pg_temp.heard(14156667777), 'connected | One moment, we connect you about your order. | Order B.', 'both hear something');
SELECT results_eq($$SELECT say, greet_say, greet_voice, greet_language, greets_callee FROM tests.answer_calls('{rec}', '{14156667777}', '{14155550100}', records => true)$$,
  $$VALUES ('This call is recorded.', 'One moment, we connect you about your order.', 'WOMAN', 'en-US', true)$$, 'beside what is said of the recording');
UPDATE masking.settings SET is_on = false WHERE name = 'greet_callee';
SELECT is(pg_temp.heard(14156667777), 'connected | One moment, we connect you about your order.', 'each by its own setting');
UPDATE masking.prompts SET play_url = 'https://cdn.example.com/wait.mp3' WHERE event = 'greet_caller' AND language = 'en-US';
SELECT results_eq($$SELECT greet_say, greet_voice FROM tests.answer_calls('{play}', '{14156667777}', '{14155550100}')$$,
  $$VALUES ('https://cdn.example.com/wait.mp3', NULL::text)$$, 'a recording');
UPDATE masking.prompts SET play_url = NULL, words = 'About {order}.' WHERE event = 'greet_caller' AND language = 'en-US';
SELECT is(pg_temp.heard(14156667777), 'connected | About B.', 'his may name the order too');
UPDATE masking.settings SET is_on = true WHERE name = 'greet_callee';

UPDATE masking.prompts SET words = 'One moment.' WHERE event = 'greet_caller' AND language = 'en-US';

-- By code, also of an order that waits and has no route.
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT masking.issue_codes();
SELECT is(pg_temp.heard_by_code((SELECT customer_code FROM masking.orders WHERE order_id = 'A')), 'connected | One moment. | Order B.', 'by code');
UPDATE masking.settings SET is_on = false WHERE name IN ('greet_caller', 'greet_callee');
SELECT is((SELECT num_nonnulls(a.greet_say, a.greet_voice, a.greet_language, a.greets_callee) FROM masking.orders o,
    tests.answer_codes('{offcode}', '{14156660005}', '{14155550100}', '{1}', ARRAY[o.customer_code]) a WHERE o.order_id = 'A'), 0, 'nothing unless asked for');
UPDATE masking.settings SET is_on = true WHERE name IN ('greet_caller', 'greet_callee');
SELECT is(pg_temp.heard_by_code('00'), 'wrong_code', 'a wrong code connects nobody');
DELETE FROM masking.orders;
INSERT INTO masking.proxy_numbers (number, language, enabled) VALUES ('14155550100', 'en-US', false);
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('W', '14156661777', '14156661778', 'W')$$);
SELECT is(pg_temp.heard_by_code((SELECT customer_code FROM masking.orders WHERE order_id = 'W')), 'connected | One moment. | Order W.', 'of an order that waits');
DELETE FROM masking.orders;

-- A number's own sentence.
UPDATE masking.prompts SET words = CASE language WHEN 'de-DE' THEN 'Besetzt.' ELSE 'Busy.' END WHERE event = 'busy';
UPDATE masking.proxy_numbers SET enabled = true;
INSERT INTO masking.proxy_numbers (number, language, enabled) VALUES ('14155550101', 'de-DE', false), ('14155550102', 'de-AT', false);
INSERT INTO masking.prompts (event, language, number, words, voice) VALUES
  ('busy', 'de-DE', '14155550101', 'Besetzt bei 101.', DEFAULT), ('busy', 'en-US', '14155550101', 'Busy at 101.', DEFAULT),
  ('busy', 'en-US', '14155550100', 'Busy at 100.', DEFAULT), ('greet_callee', 'de-DE', '14155550101', 'Bestellung {order} bei 101.', DEFAULT);
SELECT is((SELECT p.language || ' ' || p.say FROM masking.prompt('busy', v.number) p), v.said, v.why)
FROM (VALUES
  (14155550100, 'en-US Busy at 100.', 'a number''s own sentence'),
  (14155550101, 'de-DE Besetzt bei 101.', 'in its language'),
  (14155550102, 'de-DE Besetzt.', 'another number of the language has that of all'),
  (14155550199, 'en-US Busy.', 'so has one that is not ours'),
  (NULL, 'en-US Busy.', 'and none')) AS v (number, said, why);
UPDATE masking.prompts SET language = 'fr-FR' WHERE number = '14155550101' AND language = 'de-DE' AND event = 'busy';
SELECT is((SELECT language FROM masking.prompt('busy', 14155550101)), 'de-DE', 'a sentence of its own in another language does not count');

-- On another number of ours: the callee''s sentence is that of the number he sees.
UPDATE masking.settings SET is_on = true WHERE name = 'any_number';
UPDATE masking.proxy_numbers SET enabled = number = '14155550101';
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('E', '14156662777', '14156662778', 'E1')$$);
SELECT is(pg_temp.heard(14156662777, 14155550100), 'connected | One moment. | Bestellung E, 1 bei 101.', 'on another number');
SELECT is(pg_temp.heard(14156662777, 14155550101), 'connected | Einen Moment, wir verbinden Sie zu Ihrer Bestellung. | Bestellung E, 1 bei 101.', 'on its own');
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('D', '14156662777', '14156662778', 'D2')$$);
SELECT is(pg_temp.heard(14156662777, 14155550100), 'connected | One moment. | Bestellung D, 2 bei 101.', 'of several the latest, there too');

-- Of a call that we place: who is rung first is the caller, once he has pressed the key; and the order is the one that is named.
SELECT pg_temp.write($$INSERT INTO call_requests (order_id, side) VALUES ('E', 'agent')$$);
CREATE TEMP TABLE placed AS SELECT request_id FROM masking.request_take(1, 'https://x', 25);
SELECT is(pg_temp.told('placed', 14155550101, a), v.heard, format('a key pressed: "%s"', v.key))
FROM placed p, (VALUES ('', 'ask_key'), ('1', 'connected | Einen Moment, wir verbinden Sie zu Ihrer Bestellung. | Bestellung E, 1 bei 101.')) AS v (key, heard),
  masking.answer_requests('{placed}', ARRAY[p.request_id], '{14156662778}', '{14155550101}', ARRAY[v.key], ARRAY[1 + length(v.key)::bigint]) a;

SELECT pg_temp.write($$UPDATE orders SET spoken = NULL WHERE order_id = 'D'$$);
UPDATE masking.prompts SET words = 'An order.' WHERE event = 'greet_callee' AND language = 'en-US';
SELECT is(pg_temp.heard(14156662777, 14155550100), 'connected | One moment.', 'whether there is anything to say is that number''s, too');

-- What is written into spoken.
SELECT throws_ok(format('SELECT pg_temp.write(%L)', format('UPDATE orders SET spoken = %L WHERE order_id = ''E''', v.spoken)), 'MK005',
  'spoken: must have 1 to 20 letters (A to Z) and digits', 'not ' || v.spoken)
FROM (VALUES ('A 1'), ('A-1'), ('ä1'), ('１'), (' '), (E'A\n'), ('{order}'), ('<a>'), (repeat('x', 21)), ('+14156662777')) AS v (spoken);
SELECT lives_ok(format('SELECT pg_temp.write(%L)', format('UPDATE orders SET spoken = %L WHERE order_id = ''E''', v.spoken)), 'but ' || v.spoken)
FROM (VALUES ('A'), ('0'), ('zZ09'), ('4156662776'), (repeat('W', 20))) AS v (spoken);
SELECT throws_ok(format('SELECT pg_temp.write(%L)', statement), 'MK005', 'spoken: is the phone number of one of the two', 'promise 1: ' || statement)
FROM unnest(ARRAY[$$UPDATE orders SET spoken = '14156662777' WHERE order_id = 'E'$$, $$UPDATE orders SET spoken = '004156662778' WHERE order_id = 'E'$$,
  $$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('F', '+1 415 666 2780', '+1 415 666 2781', '4156662780')$$]) statement;
UPDATE masking.prompts SET words = repeat('x', 942) || '{order}' WHERE event = 'greet_callee' AND language = 'de-DE' AND number <> '';
SELECT is((SELECT octet_length(say) FROM masking.greeting('greet_callee', 14155550101, 'E')), 1000, 'the longest name in the longest sentence fits');
SELECT pg_temp.write($$UPDATE orders SET agent_number = '14156662779' WHERE order_id = 'E'$$);
SELECT is((SELECT spoken FROM masking.orders WHERE order_id = 'E'), repeat('W', 20), 'it stays through other writes');
CREATE TEMP TABLE before AS SELECT revision FROM masking.orders WHERE order_id = 'E';
SELECT pg_temp.write($$INSERT INTO orders (order_id, customer_number, agent_number, spoken) VALUES ('E', '14156662777', '14156662779', 'e7')
  ON CONFLICT (order_id) DO UPDATE SET spoken = EXCLUDED.spoken$$);
SELECT is((SELECT o.spoken || ' ' || o.revision - b.revision FROM masking.orders o, before b WHERE o.order_id = 'E'), 'e7 1', 'an upsert writes it, and that is a write');
UPDATE masking.orders SET spoken = 'e8' WHERE order_id = 'E';
SELECT is((SELECT o.revision - b.revision FROM masking.orders o, before b WHERE o.order_id = 'E'), 2::bigint, 'so it is when the owner does');

-- What is written into prompts.
SELECT throws_ok(statement, '23514', NULL, statement) FROM unnest(ARRAY[
  $$UPDATE masking.prompts SET words = 'Order {order}.' WHERE event = 'busy'$$,
  $$UPDATE masking.prompts SET words = 'Order {Order}.' WHERE event = 'greet_callee'$$,
  $$UPDATE masking.prompts SET words = repeat('x', 943) || '{order}' WHERE event = 'greet_callee'$$,
  $$UPDATE masking.prompts SET number = '+14155550100' WHERE event = 'busy' AND number <> ''$$,
  $$UPDATE masking.prompts SET number = '0415555010' WHERE event = 'busy' AND number <> ''$$]) statement;

SELECT * FROM finish();
