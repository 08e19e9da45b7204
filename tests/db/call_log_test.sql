-- The record in words, for people who help customers.
SELECT no_plan();

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('A', '14156667777', '14156667778'), ('B', '14156667777', '14156667778');
SELECT * FROM tests.answer_calls('{talk,gave-up,stranger,hidden}', '{14156667777,14156667778,14156660000,NULL}',
  '{14155550100,14155550100,14155550100,14155550100}');
SELECT tests.tell(call_uuid, told::jsonb) FROM (VALUES
  ('talk', '{"dial_status": "completed"}'),
  ('talk', '{"callee_ended": 1, "callee_answered": 1, "callee_seconds": 42, "callee_rang_seconds": 7, "callee_source": "Callee"}'),
  ('gave-up', '{"dial_status": "cancel"}'), ('later', '{"caller_ended": 1}'),
  ('talk', '{"recording_url": "https://media.example.com/1.mp3", "recording_seconds": 42}')) AS v (call_uuid, told);

SELECT results_eq(
  $$SELECT call_uuid, order_id, caller, callee, outcome, ring_seconds, talk_seconds, hung_up_by
    FROM masking.call_log ORDER BY call_uuid, order_id$$,
  $$VALUES
    ('gave-up' COLLATE "C", 'A', 'agent', 'customer', 'the caller gave up', NULL::integer, 0, 'agent'),
    ('gave-up', 'B', 'agent', 'customer', 'the caller gave up', NULL, 0, 'agent'),
    ('hidden', NULL, 'unknown', NULL, 'the caller hid the number', NULL, NULL, NULL),
    ('later', NULL, 'unknown', NULL, 'the call is known from later events only', NULL, NULL, NULL),
    ('stranger', NULL, 'unknown', NULL, 'the caller is on no order', NULL, NULL, NULL),
    ('talk', 'A', 'customer', 'agent', 'answered', 7, 42, 'agent'),
    ('talk', 'B', 'customer', 'agent', 'answered', 7, 42, 'agent')$$,
  'who called whom about which order, and what became of it');
SELECT is_empty($$SELECT * FROM masking.call_log l WHERE l::text ~ '1415666'$$, 'promise 1: no phone number of a party');
SELECT results_eq($$SELECT dialled, caller_number FROM masking.call_log WHERE call_uuid = 'stranger'$$, $$VALUES (14155550100, '**00')$$,
  'who reached nobody is told by two digits, with the number dialled');
SELECT results_eq($$SELECT DISTINCT recording_seconds FROM masking.call_log WHERE call_uuid = 'talk'$$, 'VALUES (42)', 'that it was recorded is told');
SELECT is_empty($$SELECT * FROM masking.call_log l WHERE l::text ~ 'http'$$, 'promise 1: where one could listen is not');
SELECT results_eq(
  $$SELECT tests.ask_as('masking_orders', 'SELECT l.outcome FROM call_log l JOIN orders o USING (order_id) WHERE o.order_id = ''A'' AND l.call_uuid = ''talk''')$$,
  $$VALUES ('answered')$$, 'the order system''s role may join it to its orders');

-- Whichever order a call names first: calls_about() finds what a look at every call of the time finds.
INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome, order_ids)
SELECT 'r' || n, now() - random() * interval '2 hours', now(), 'connected', (
  SELECT array_agg('R' || (1 + floor(random() * 12))::integer) FROM generate_series(1, (n % 4)::integer) WHERE n > 0)
FROM generate_series(1, 3000) n;
SELECT is_empty($$
  SELECT o.id, w.began FROM (SELECT 'R' || g AS id FROM generate_series(1, 13) g) o, (VALUES (now() - interval '3 hours', now()), (now() - interval '90 minutes', now() - interval '1 hour')) w (began, ended)
  WHERE ARRAY(SELECT a.call_uuid FROM masking.calls_about(o.id, w.began, w.ended) a ORDER BY 1)
    <> ARRAY(SELECT c.call_uuid FROM masking.calls c WHERE c.called_at BETWEEN w.began AND w.ended AND c.order_ids @> ARRAY[o.id] ORDER BY 1)$$,
  'an order''s calls are all found, each once');

-- An order that had routes and waits again is reached by its code, long after they ended.
SELECT tests.set('codes', 'true');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('again', '14156661001', '14156668001');
SELECT tests.pass('2 hours');
UPDATE masking.proxy_numbers SET enabled = false;
UPDATE masking.orders SET agent_number = '14156668002' WHERE order_id = 'again';
SELECT tests.pass('2 hours');
SELECT is(outcome, 'connected', 'a code connects while its order waits again')
FROM tests.answer_codes('{again}', '{14159990001}', '{14155550100}', '{1}', ARRAY[(SELECT customer_code FROM masking.orders WHERE order_id = 'again')]);
SELECT is((SELECT count(*) FROM masking.order_calls('again') WHERE order_id = 'again'), 1::bigint, 'which is one of its calls');
SELECT is((SELECT count(*) FROM masking.calls_of_order('again', 20)), 1::bigint, 'also on the console');
-- Recorded, the order over, and its person erased. (The order was placed longer ago than an order lives.)
UPDATE masking.calls SET recording_url = 'https://media.example.com/2.mp3' WHERE call_uuid = 'again';
UPDATE masking.orders SET completed_at = now() - interval '3 hours', recorded_at = now() - interval '14 hours' WHERE order_id = 'again';
SELECT is((SELECT still_open FROM masking.erase_person('14156661001')), 0, 'its person can be erased');
SELECT is((SELECT recording_url FROM masking.calls WHERE call_uuid = 'again'), NULL, 'with the link to what was said');

SELECT * FROM finish();
