-- What Plivo tells about a call: values in, columns and words out, whatever the order.
SELECT no_plan();

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');

-- Answered, talked, the callee hung up.
SELECT * FROM tests.answer_calls('{talk}', '{14156667777}', '{14155550100}');
SELECT tests.tell('talk', '{"callee_answered": 1}');
SELECT is_empty($$SELECT tests.tell('talk', '{"dial_status": "completed", "dial_rang": 1, "dial_cause": "NORMAL_CLEARING"}')$$,
  'an answered call ends without a word');
SELECT tests.tell('talk', '{"callee_ended": 1, "callee_answered": 1, "callee_seconds": 42, "callee_cost": "0.01", "callee_rang_seconds": 7,
  "callee_cause": "Normal Hangup", "callee_code": 4000, "callee_source": "Callee"}');
SELECT tests.tell('talk', '{"caller_ended": 1, "caller_seconds": 42, "caller_cost": "0.00475", "caller_cause": "Normal Hangup",
  "caller_code": 4000, "caller_source": "Callee"}');
SELECT results_eq(
  $$SELECT dial_status, rang, answered, ring_seconds, talk_seconds, hung_up_by, hangup_cause, hangup_code, cost
    FROM masking.call_life WHERE call_uuid = 'talk'$$,
  $$VALUES ('completed', true, true, 7, 42, 'callee', 'Normal Hangup', 4000, 0.01475)$$,
  'promise 4: a talk is told by its row');
CREATE TEMP TABLE version AS SELECT ctid AS place, xmin AS writer FROM masking.calls WHERE call_uuid = 'talk';
SELECT tests.tell('talk', '{"callee_answered": 1, "callee_seconds": 41}');
SELECT is(c.ctid, v.place, 'what tells nothing new writes nothing') FROM masking.calls c, version v WHERE call_uuid = 'talk';
SELECT tests.tell('talk', '{"callee_seconds": 43}');
SELECT is(callee_seconds, 43, 'a greater value counts') FROM masking.calls WHERE call_uuid = 'talk';

-- Not answered: the callee's leg says why, the caller's only that we were done speaking.
SELECT results_eq(
  $$SELECT tests.tell('busy', '{"dial_status": "busy", "dial_rang": 0, "dial_cause": "USER_BUSY"}', 'busy')$$,
  $$SELECT say FROM masking.prompt('busy', 14155550100)$$, 'busy is said');
SELECT tests.tell('busy', '{"caller_ended": 1, "caller_seconds": 6, "caller_cause": "End Of XML Instructions", "caller_code": 4010, "caller_source": "Plivo"}');
SELECT tests.tell('busy', '{"callee_ended": 1, "callee_cause": "Busy Line", "callee_code": 3010, "callee_source": "Callee", "callee_seconds": 0}');
SELECT results_eq(
  $$SELECT outcome, dial_status, rang, answered, talk_seconds, hung_up_by, hangup_cause, hangup_code
    FROM masking.call_life WHERE call_uuid = 'busy'$$,
  $$VALUES ('not_asked', 'busy', false, false, 0, NULL, 'Busy Line', 3010)$$,
  'events of a call nobody asked about are kept, and nobody hung up a busy line');
SELECT tests.pass('1 minute');
SELECT is((SELECT outcome FROM tests.answer_calls('{busy}', '{14156667777}', '{14155550100}')), 'connected', 'the call appears');
SELECT results_eq(
  $$SELECT outcome, side, order_ids, repeats, earlier_answers, dial_status, called_at > now() - interval '30 seconds' FROM masking.calls WHERE call_uuid = 'busy'$$,
  $$VALUES ('connected', 'customer', '{A}'::text[], 0, NULL::jsonb, 'busy', true)$$, 'and is joined with what was told of it');

SELECT tests.tell('early', '{"caller_ended": 1, "caller_seconds": 1}');
SELECT tests.record_apologies('{early}', '{14155550100}', '{5}');
SELECT results_eq($$SELECT outcome, repeats, caller_seconds FROM masking.calls WHERE call_uuid = 'early'$$,
  $$VALUES ('apologised', 0, 1)$$, 'so is a call that got an apology');

SELECT tests.tell('cancel', '{"dial_status": "cancel", "dial_rang": 1}');
SELECT tests.tell('cancel', '{"caller_ended": 1, "caller_rang_seconds": 11}');
SELECT results_eq($$SELECT answered, ring_seconds, hung_up_by FROM masking.call_life WHERE call_uuid = 'cancel'$$,
  $$VALUES (false, 11, 'caller')$$, 'a caller who gives up hung up, after so many seconds');

-- A key that the callee is asked to press.
SELECT count(*) FROM tests.answer_calls('{key,mailbox,late,plain}', '{14156667777,14156667777,14156667777,14156667777}',
  '{14155550100,14155550100,14155550100,14155550100}');
SELECT tests.tell(call_uuid, told::jsonb) FROM (VALUES
  ('key', '{"callee_answered": 1, "callee_confirmed": 1}'), ('key', '{"callee_ended": 1, "callee_seconds": 30, "callee_source": "Callee"}'),
  ('mailbox', '{"callee_answered": 1}'), ('mailbox', '{"callee_ended": 1, "callee_seconds": 10, "callee_code": 9110, "callee_source": "Plivo"}'),
  ('mailbox', '{"dial_status": "completed", "callee_confirmed": 1}'),
  ('late', '{"dial_status": "completed", "callee_confirmed": 1}'),
  ('plain', '{"dial_status": "completed"}'), ('plain', '{"callee_answered": 1}'), ('plain', '{"callee_ended": 1, "callee_seconds": 4, "callee_source": "Callee"}')) v (call_uuid, told);
SELECT results_eq(
  $$SELECT call_uuid, answered, talked, talk_seconds, hung_up_by FROM masking.call_life WHERE call_uuid IN ('key', 'mailbox', 'late', 'plain') ORDER BY 1$$,
  $$VALUES ('key' COLLATE "C", true, true, 30, 'callee'), ('late', true, true, NULL, NULL), ('mailbox', false, false, 0, 'plivo'), ('plain', true, false, 4, 'callee')$$,
  'who pressed it talked; a mailbox did not, whatever else is told; without a key nobody can say');
SELECT is((SELECT string_agg(outcome, ', ' ORDER BY call_uuid) FROM masking.call_log WHERE call_uuid IN ('key', 'mailbox', 'late', 'plain')),
  'they talked, they talked, it was answered, and nobody pressed the key, answered', 'and so the record says');

-- Whether it was answered has one definition: the record, the console's list, its pool and its first page say the same.
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
SELECT count(*) FROM tests.answer_calls('{quiet,quiet-busy,hangup-only,hangup-only-0,untold}', array_fill(14156667777, ARRAY[5]), array_fill(14155550100, ARRAY[5]));
SELECT tests.tell(call_uuid, told::jsonb) FROM (VALUES
  -- CALLEE_EVENTS=no: no word of the callee's leg.
  ('quiet', '{"dial_status": "completed", "dial_rang": 1}'), ('quiet', '{"caller_ended": 1, "caller_seconds": 3, "caller_source": "Callee"}'),
  ('quiet-busy', '{"dial_status": "busy"}'), ('quiet-busy', '{"caller_ended": 1, "caller_seconds": 5}'),
  ('hangup-only', '{"caller_ended": 1, "caller_seconds": 40}'), ('hangup-only-0', '{"caller_ended": 1, "caller_seconds": 0}')) v (call_uuid, told);
CREATE TEMP TABLE lived AS SELECT DISTINCT call_uuid, outcome, talk_seconds FROM masking.call_log
  WHERE call_uuid IN (SELECT call_uuid FROM masking.calls WHERE outcome = 'connected' AND proxy = 14155550100);
SELECT results_eq($$SELECT call_uuid, outcome, talk_seconds FROM lived WHERE call_uuid ~ '^(quiet|hangup|mailbox|untold)' ORDER BY 1$$,
  $$VALUES ('hangup-only' COLLATE "C", 'answered', 40), ('hangup-only-0', 'it ended before anybody answered', 0),
    ('mailbox', 'it was answered, and nobody pressed the key', 0), ('quiet', 'answered', 3), ('quiet-busy', 'the callee was busy', 0),
    ('untold', 'the callee''s phone was rung', NULL)$$, 'calls of which little is told, and a mailbox');
SELECT set_eq($$SELECT key FROM masking.console_calls('anna', 'answered', NULL, NULL, NULL, NULL, NULL, NULL) WHERE link = 'call'$$,
  $$SELECT call_uuid FROM lived WHERE outcome IN ('they talked', 'answered')$$, 'the console''s list finds those that somebody answered, as the record says');
SELECT set_eq($$SELECT key FROM masking.console_calls('anna', 'not_taken', NULL, NULL, NULL, NULL, NULL, NULL) WHERE link = 'call'$$,
  $$SELECT call_uuid FROM lived WHERE outcome NOT IN ('they talked', 'answered') AND call_uuid <> 'untold'$$, 'and those that nobody did');
SELECT results_eq($$SELECT cells[6]::bigint, cells[7]::bigint FROM masking.console_pool('anna', NULL) WHERE link = 'pool_number' AND key = '14155550100'$$,
  $$SELECT count(*) FILTER (WHERE outcome IN ('they talked', 'answered')), count(*) FILTER (WHERE talk_seconds BETWEEN 1 AND 5) FROM lived$$,
  'the pool counts them, and the short ones among them');
SELECT results_eq($$SELECT cells[2] FROM masking.console_now('anna') WHERE cells[1] = 'Connected, no end told yet'$$, $$VALUES ('1')$$,
  'one call is going on, for all that is told');
SELECT is_empty($$SELECT call_uuid FROM lived, masking.console_call('anna', call_uuid) WHERE (cells[2] ~ '^No end was told yet') <> (call_uuid = 'untold')
  AND part = 'answer'$$, 'and its own page says so, as no other does');

SELECT is((SELECT tests.tell('say', '{}', event)), (SELECT say FROM masking.prompt(event, 14155550100)), event || ' is said')
FROM unnest(ARRAY['busy', 'no_answer', 'timeout', 'failed']) event;

-- Numbers are compared as numbers.
SELECT tests.tell('numbers', told::jsonb) FROM (VALUES ('{"caller_seconds": 12, "callee_cost": "0.0095"}'), ('{"caller_seconds": 9, "callee_cost": "0.01"}')) v (told);
SELECT results_eq($$SELECT caller_seconds, callee_cost FROM masking.calls WHERE call_uuid = 'numbers'$$, 'VALUES (12, 0.01)',
  'the greater of two durations is not the one that sorts later as text');

-- Any order, any number of times: all orders of four events, twice each.
CREATE TEMP TABLE events (n int, told jsonb);
INSERT INTO events VALUES
  (1, '{"callee_answered": 1}'),
  (2, '{"dial_status": "completed", "dial_rang": 1}'),
  (3, '{"callee_ended": 1, "callee_seconds": 9, "callee_cost": "0.5", "callee_source": "Caller"}'),
  (4, '{"caller_ended": 1, "caller_seconds": 10, "caller_cost": "0.25", "caller_source": "Caller", "caller_code": 4000}');
SELECT tests.tell(format('order-%s%s%s%s', a.n, b.n, c.n, d.n), e.told)
FROM events a, events b, events c, events d
CROSS JOIN LATERAL (VALUES (1, a.told), (2, b.told), (3, a.told), (4, c.told), (5, b.told), (6, d.told), (7, c.told)) AS e (place, told)
WHERE cardinality(ARRAY(SELECT DISTINCT unnest(ARRAY[a.n, b.n, c.n, d.n]))) = 4;
SELECT is((SELECT count(*) FROM masking.calls WHERE call_uuid LIKE 'order-%'), 24::bigint, 'all 24 orders of four events');
SELECT is((SELECT count(DISTINCT to_jsonb(c) - ARRAY['call_uuid', 'called_at', 'answered_at']) FROM masking.calls c WHERE call_uuid LIKE 'order-%'), 1::bigint,
  'come out the same, with repeats between');

-- Any values, two conflicting ones among them: the same whatever the order.
CREATE TEMP TABLE random_events AS
SELECT run, n, jsonb_strip_nulls(jsonb_build_object(
  'dial_status', (ARRAY['completed', 'busy', NULL])[1 + floor(random() * 3)::int], 'dial_rang', (ARRAY[0, 1, NULL])[1 + floor(random() * 3)::int],
  'callee_seconds', (ARRAY[9, 12, 100, NULL])[1 + floor(random() * 4)::int], 'caller_cost', (ARRAY['9', '10.5', NULL])[1 + floor(random() * 3)::int],
  'callee_ended', (ARRAY[1, NULL])[1 + floor(random() * 2)::int], 'caller_cause', (ARRAY['a', 'B', 'Z z', NULL])[1 + floor(random() * 4)::int])) AS told
FROM generate_series(1, 30) run, generate_series(1, 4) n;
SELECT tests.tell(format('forth-%s', e.run), e.told) FROM (SELECT * FROM random_events ORDER BY run, n) e;
SELECT tests.tell(format('back-%s', e.run), e.told) FROM (SELECT * FROM random_events ORDER BY run, n DESC) e;
SELECT is_empty($$SELECT f.call_uuid FROM masking.calls f JOIN masking.calls b ON b.call_uuid = replace(f.call_uuid, 'forth', 'back')
  WHERE f.call_uuid LIKE 'forth-%' AND to_jsonb(f) - ARRAY['call_uuid', 'called_at', 'answered_at'] <> to_jsonb(b) - ARRAY['call_uuid', 'called_at', 'answered_at']$$,
  'random events come out the same forwards and backwards');

SELECT is_empty($$SELECT * FROM masking.calls c WHERE c::text ~ '1415666'$$, 'promise 1: no phone number of a party is on record');

SELECT * FROM finish();
