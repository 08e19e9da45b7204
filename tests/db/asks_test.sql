-- An ask is one time that Plivo asked. What its caller heard is on record, whichever of the answer and
-- the apology reaches the database first (promise 4).
SELECT no_plan();

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');
CREATE FUNCTION pg_temp.ask(call text, ask bigint) RETURNS text LANGUAGE sql AS $$
  SELECT outcome FROM masking.answer_calls(ARRAY[call], '{14156667777}', '{14155550100}', ARRAY[ask])
$$;
CREATE FUNCTION pg_temp.sorry(call text, ask bigint, ago float DEFAULT 0) RETURNS void LANGUAGE sql AS $$
  SELECT masking.record_apologies(ARRAY[call], '{14155550100}', ARRAY[ago], ARRAY[ask])
$$;
CREATE FUNCTION pg_temp.recorded(call text) RETURNS text LANGUAGE sql AS $$
  SELECT format('%s %s of %s, earlier %s', outcome, repeats, coalesce(array_to_string(order_ids, '+'), 'none'),
    coalesce((SELECT string_agg(e ->> 'outcome', '+') FROM jsonb_array_elements(earlier_answers) e), 'none'))
  FROM masking.calls WHERE call_uuid = call
$$;

SELECT pg_temp.sorry('late', 1);
SELECT pg_temp.ask('late', 1);
SELECT is(pg_temp.recorded('late'), 'apologised 0 of none, earlier none', 'promise 4: an answer that comes after its apology was not heard');
SELECT pg_temp.ask('early', 2);
SELECT pg_temp.sorry('early', 2, 1);
SELECT is(pg_temp.recorded('early'), 'apologised 0 of none, earlier none', 'nor was one that came before it, however the clocks stand');
SELECT pg_temp.sorry('early', 2, 1);
SELECT is(pg_temp.recorded('early'), 'apologised 0 of none, earlier none', 'an apology that is written twice counts once');

SELECT pg_temp.ask('retried', 3);
SELECT pg_temp.ask('retried', 3);
SELECT pg_temp.ask('retried', 3);
SELECT is(pg_temp.recorded('retried'), 'connected 0 of A, earlier none', 'our own retries of an ask are no repeats');
SELECT pg_temp.ask('retried', 4);
SELECT is(pg_temp.recorded('retried'), 'connected 1 of A, earlier connected', 'what Plivo asks again is');
SELECT pg_temp.ask('retried', 4);
SELECT pg_temp.ask('retried', 3);
SELECT is(pg_temp.recorded('retried'), 'connected 1 of A, earlier connected', 'once, however often either is retried');
SELECT count(*) FROM masking.answer_calls('{both,both}', '{14156667777,14156667777}', '{14155550100,14155550100}', '{50,51}');
SELECT count(*) FROM masking.answer_calls('{both,both}', '{14156667777,14156667777}', '{14155550100,14155550100}', '{50,51}');
SELECT is(pg_temp.recorded('both'), 'connected 1 of A, earlier connected', 'also where both stood in one statement');
SELECT count(*) FROM masking.answer_calls('{both,both}', '{14156667777,14156667777}', '{14155550100,14155550100}', '{52,51}');
SELECT is(pg_temp.recorded('both'), 'connected 2 of A, earlier connected+connected', 'a third one beside the second is one more');

SELECT pg_temp.sorry('again', 5, 2);
SELECT pg_temp.ask('again', 6);
SELECT is(pg_temp.recorded('again'), 'connected 1 of A, earlier apologised', 'an apology, then Plivo asked again and was answered');
SELECT pg_temp.ask('again', 5);
SELECT is(pg_temp.recorded('again'), 'connected 1 of A, earlier apologised', 'the first ask''s answer, arriving now, changes nothing');
SELECT pg_temp.ask('crossed', 7);
SELECT pg_sleep(0.01);
SELECT pg_temp.ask('crossed', 8);
SELECT pg_temp.sorry('crossed', 8);
SELECT is(pg_temp.recorded('crossed'), 'apologised 1 of none, earlier connected', 'the second ask heard the apology');
SELECT pg_temp.ask('put back', 9);
SELECT pg_temp.ask('put back', 10);
SELECT pg_temp.sorry('put back', 10, 5);
SELECT is(pg_temp.recorded('put back'), 'connected 1 of A, earlier apologised',
  'a late answer that took the place of what was heard after its apology makes room for it again');
SELECT pg_temp.ask('overtaken', 11);
SELECT pg_temp.ask('overtaken', 12);
SELECT pg_temp.sorry('overtaken', 11, 2);
SELECT is(pg_temp.recorded('overtaken'), 'connected 1 of A, earlier apologised',
  'the apology of an ask that is on record already is no second repeat');
SELECT pg_temp.sorry('overtaken', 12, 1);
SELECT is(pg_temp.recorded('overtaken'), 'apologised 1 of none, earlier apologised', 'nor is that of the other');
SELECT masking.record_apologies('{overtaken,overtaken}', '{14155550100,14155550100}', '{4,3}', '{11,12}');
SELECT is(pg_temp.recorded('overtaken'), 'apologised 1 of none, earlier apologised', 'nor both, written again');

-- Codes and texts.
SELECT masking.record_apologies('{code}', '{14155550100}', '{0}', '{20}');
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('C', '14156660001', '14156660002');
SELECT is((SELECT outcome FROM masking.answer_codes('{code}', '{14156669999}', '{14155550100}', '{1}',
  (SELECT ARRAY[customer_code] FROM masking.orders WHERE order_id = 'C'), '{20}')), 'connected', 'a code is answered');
SELECT is(pg_temp.recorded('code'), 'apologised 0 of none, earlier none', 'promise 4: and its apology stays');
CREATE FUNCTION pg_temp.text_of(message text, kind text, ask bigint) RETURNS text LANGUAGE sql AS $$
  SELECT outcome FROM masking.answer_messages(ARRAY[message], '{14156667777}', '{14155550100}', ARRAY[kind], ARRAY[ask])
$$;
SELECT pg_temp.text_of('m1', 'text', 30);
SELECT pg_temp.text_of('m1', 'apologised', 30);
SELECT pg_temp.text_of('m1', 'text', 30);
SELECT results_eq($$SELECT outcome, repeats FROM masking.messages WHERE message_uuid = 'm1'$$, $$VALUES ('apologised', 0)$$,
  'promise 4: a text whose commit''s answer was lost is not on record as forwarded');
SELECT pg_temp.text_of('m1', 'text', 31);
SELECT results_eq($$SELECT outcome, repeats FROM masking.messages WHERE message_uuid = 'm1'$$, $$VALUES ('forwarded', 1)$$,
  'it is once Plivo sends it again');

SELECT pg_temp.text_of('m1', 'apologised', 30);
SELECT pg_temp.text_of('m1', 'text', 30);
SELECT results_eq($$SELECT outcome, ask, repeats FROM masking.messages WHERE message_uuid = 'm1'$$, $$VALUES ('forwarded', 31::bigint, 1)$$,
  'the first ask''s apology and its late answer, told again, change nothing');
SELECT pg_temp.text_of('m2', 'apologised', 32), pg_temp.text_of('m2', 'apologised', 33);
SELECT pg_temp.text_of('m2', 'apologised', 32), pg_temp.text_of('m2', 'apologised', 33), pg_temp.text_of('m2', 'text', 32);
SELECT results_eq($$SELECT outcome, repeats FROM masking.messages WHERE message_uuid = 'm2'$$, $$VALUES ('apologised', 1)$$,
  'promise 4: two asks that heard the apology, their apologies written again, and a late answer: nothing was sent on');
SELECT pg_temp.text_of('m3', 'text', 34), pg_temp.text_of('m3', 'text', 35), pg_temp.text_of('m3', 'apologised', 35);
SELECT results_eq($$SELECT outcome, ask, repeats FROM masking.messages WHERE message_uuid = 'm3'$$, $$VALUES ('forwarded', 34::bigint, 1)$$,
  'a text that one ask sent on was sent on');

-- What no server asks.
SELECT throws_ok($$SELECT * FROM masking.answer_calls('{x,x}', '{14156667777,14156667778}', '{14155550100,14155550100}', '{40,41}')$$,
  '22023', 'one id with two callers', 'one call has one caller');
SELECT throws_ok($$SELECT * FROM masking.answer_calls(array_fill('x'::text, '{257}'), array_fill(14156667777, '{257}'),
  array_fill(14155550100, '{257}'), array_fill(42::bigint, '{257}'))$$, '22023', 'a batch has 256 requests at most', 'nor is a batch endless');

SELECT * FROM finish();
