-- The server's question: who is reached, and what is on record about it
-- (promise 4). Pool empty: any dialled number serves.
SELECT no_plan();

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('A', '14156667777', '14156667778'), ('B', '14156667779', '14156667780');

SELECT results_eq(
  $$SELECT place, outcome, counterpart FROM tests.answer_calls(
    ARRAY['u1', 'u2', 'u3', 'u4', 'u5'],
    ARRAY[14156667777, 14156667778, 14156660000, NULL, 14156667779],
    ARRAY[14155550100, 14155550100, 14155550100, 14155550100, NULL]) ORDER BY place$$,
  $$VALUES (1, 'connected', 14156667778), (2, 'connected', 14156667777),
    (3, 'unknown_caller', NULL), (4, 'no_caller_id', NULL), (5, 'bad_dialled_number', NULL::bigint)$$,
  'a batch: both ways, and each kind of refusal');
SELECT results_eq(
  $$SELECT call_uuid, proxy, side, order_ids, outcome, repeats FROM masking.calls ORDER BY call_uuid$$,
  $$VALUES ('u1' COLLATE "C", 14155550100, 'customer', '{A}'::text[], 'connected', 0),
    ('u2', 14155550100, 'agent', '{A}', 'connected', 0),
    ('u3', 14155550100, NULL, NULL, 'unknown_caller', 0),
    ('u4', 14155550100, NULL, NULL, 'no_caller_id', 0),
    ('u5', NULL, NULL, NULL, 'bad_dialled_number', 0)$$,
  'promise 4: every decision is on record, refusals too, with its order');
SELECT is_empty(
  $$SELECT * FROM masking.calls c WHERE c::text ~ '1415666'$$,
  'promise 1: no phone number of a party is on record');
SELECT is((SELECT count(*) FROM tests.answer_calls('{}', '{}', '{}')), 0::bigint, 'an empty batch is an empty answer');

SELECT is((SELECT counterpart FROM tests.answer_calls('{u1}', '{14156667777}', '{14155550100}')), 14156667778,
  'the same call again gets the same answer');
SELECT results_eq($$SELECT repeats, jsonb_array_length(earlier_answers) FROM masking.calls WHERE call_uuid = 'u1'$$,
  $$VALUES (1, 1)$$, 'promise 4: and makes no second row');
SELECT results_eq(
  $$SELECT place, counterpart FROM tests.answer_calls('{d,d,d}', '{14156667777,14156667777,14156667777}',
      '{14155550100,14155550100,14155550100}') ORDER BY place$$,
  $$VALUES (1, 14156667778), (2, 14156667778), (3, 14156667778)$$,
  'the same call three times in one batch gets one answer three times');
SELECT is((SELECT repeats FROM masking.calls WHERE call_uuid = 'd'), 2, 'and one row that counts the repeats');

UPDATE masking.orders SET agent_number = '14156669999' WHERE order_id = 'A';
SELECT is((SELECT counterpart FROM tests.answer_calls('{u1}', '{14156667777}', '{14155550100}')), 14156669999,
  'the order changed: the same call gets the new answer');
SELECT results_eq(
  $$SELECT outcome, jsonb_array_length(earlier_answers), earlier_answers -> 1 ->> 'outcome',
      (earlier_answers -> 1 ->> 'route_id')::bigint <> route_id
    FROM masking.calls WHERE call_uuid = 'u1'$$,
  $$VALUES ('connected', 2, 'connected', true)$$,
  'promise 4: a changed answer is visible on the row');
SELECT is(tests.reaches(14156667778, 14155550100), 'order_over', 'the old agent is cut off');

SELECT is(tests.reaches(14156667780, 14156667779), 'unknown_caller',
  'nobody is connected by dialling the counterpart itself');

SELECT tests.record_apologies('{s1,s2,s2,u3}', '{14155550100,NULL,14155550100,14155550100}', '{1,30,20,0}');
SELECT results_eq(
  $$SELECT call_uuid, proxy, outcome, answered_at < now() FROM masking.calls WHERE call_uuid LIKE 's_' ORDER BY 1$$,
  $$VALUES ('s1' COLLATE "C", 14155550100, 'apologised', true), ('s2', 14155550100, 'apologised', true)$$,
  'promise 4: apologies are written once the database is back');
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'u3'), 'apologised',
  'an apology after an answer is the newer answer');
SELECT tests.record_apologies('{u1}', '{14155550100}', '{60}');
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'u1'), 'connected',
  'an apology never overwrites a newer answer');
SELECT tests.record_apologies('{s3}', '{14155550100}', '{-5}');
SELECT ok((SELECT answered_at <= now() FROM masking.calls WHERE call_uuid = 's3'), 'an apology is never in the future');

-- Plivo asked twice, both heard the apology, and then the first statement reaches the database.
SELECT masking.record_apologies('{twice,twice}', '{14155550100,14155550100}', '{4,2}', '{901,902}');
SELECT count(*) FROM masking.answer_calls('{twice}', '{14156667780}', '{14155550100}', '{901}', NULL, false, false);
SELECT count(*) FROM masking.answer_calls('{twice}', '{14156667780}', '{14155550100}', '{902}', NULL, false, false);
SELECT results_eq($$SELECT outcome, repeats FROM masking.calls WHERE call_uuid = 'twice'$$, $$VALUES ('apologised', 1)$$,
  'each apology beats the answer of its own ask, however many there were');

SELECT results_eq('SELECT oldest <= newest, edited FROM masking.schema_interface()', 'VALUES (true, NULL::text[])',
  'the schema knows which interfaces it serves, and that nobody has edited it');

SELECT * FROM finish();
