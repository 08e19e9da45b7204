-- What Plivo tells about a call: facts in, columns out, whatever the order.
SELECT no_plan();

-- One event, with its parameters as name, value, name, value.
CREATE FUNCTION pg_temp.tell(call_uuid text, kind text, VARIADIC parameters text[]) RETURNS SETOF text
LANGUAGE sql
AS $$
  SELECT say FROM masking.record_events(ARRAY[$1], ARRAY[$2], ARRAY[14155550100],
    (SELECT array_agg(1::bigint) FROM generate_series(1, cardinality(parameters) / 2)),
    (SELECT array_agg(parameters[2 * n - 1] ORDER BY n) FROM generate_series(1, cardinality(parameters) / 2) n),
    (SELECT array_agg(parameters[2 * n] ORDER BY n) FROM generate_series(1, cardinality(parameters) / 2) n))
$$;

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');

-- Answered, talked, the callee hung up.
SELECT * FROM masking.answer_calls('{talk}', '{14156667777}', '{14155550100}');
SELECT pg_temp.tell('talk', 'dial_answer', 'StartTime', '2026-11-24 11:30:00');
SELECT is_empty($$SELECT pg_temp.tell('talk', 'action', 'DialStatus', 'completed', 'DialRingStatus', 'true',
  'DialHangupCause', 'NORMAL_CLEARING')$$, 'an answered call ends without a word');
SELECT pg_temp.tell('talk', 'dial_hangup', 'DialBLegDuration', '42', 'DialBLegTotalCost', '0.01', 'StartTime',
  '2026-11-24 11:30:00', 'AnswerTime', '2026-11-24 11:30:07', 'EndTime', '2026-11-24 11:30:49',
  'DialBLegHangupCauseName', 'Normal Hangup', 'DialBLegHangupCauseCode', '4000', 'DialBLegHangupSource', 'Callee');
SELECT pg_temp.tell('talk', 'hangup', 'Duration', '42', 'TotalCost', '0.00475', 'HangupCauseName', 'Normal Hangup',
  'HangupCauseCode', '4000', 'HangupSource', 'Callee');
SELECT results_eq(
  $$SELECT dial_status, rang, answered, ring_seconds, talk_seconds, hung_up_by, hangup_cause, hangup_code, cost
    FROM masking.calls WHERE call_uuid = 'talk'$$,
  $$VALUES ('completed', true, true, 7, 42, 'callee', 'Normal Hangup', 4000, 0.01475)$$,
  'promise 4: a talk is told by its row');

-- Not answered: the callee's leg says why, the caller's only that we were done speaking.
SELECT results_eq(
  $$SELECT pg_temp.tell('busy', 'action', 'DialStatus', 'busy', 'DialRingStatus', 'false', 'DialHangupCause', 'USER_BUSY')$$,
  $$SELECT say FROM masking.prompt('busy', 14155550100)$$, 'busy is said');
SELECT pg_temp.tell('busy', 'hangup', 'Duration', '6', 'HangupCauseName', 'End Of XML Instructions',
  'HangupCauseCode', '4010', 'HangupSource', 'Plivo');
SELECT pg_temp.tell('busy', 'dial_hangup', 'DialBLegHangupCauseName', 'Busy Line', 'DialBLegHangupCauseCode', '3010',
  'DialBLegHangupSource', 'Callee', 'DialBLegDuration', '0');
SELECT results_eq(
  $$SELECT outcome, dial_status, rang, answered, talk_seconds, hung_up_by, hangup_cause, hangup_code
    FROM masking.calls WHERE call_uuid = 'busy'$$,
  $$VALUES ('not_asked', 'busy', false, false, 0, 'callee', 'Busy Line', 3010)$$,
  'events of a call nobody asked about are kept');
SELECT tests.pass('1 minute');
SELECT is((SELECT outcome FROM masking.answer_calls('{busy}', '{14156667777}', '{14155550100}')), 'connected', 'the call appears');
SELECT results_eq(
  $$SELECT outcome, side, order_ids, repeats, earlier_answers, dial_status, called_at > now() - interval '30 seconds' FROM masking.calls WHERE call_uuid = 'busy'$$,
  $$VALUES ('connected', 'customer', '{A}'::text[], 0, NULL::jsonb, 'busy', true)$$, 'and is joined with what was told of it');

SELECT pg_temp.tell('early', 'hangup', 'Duration', '1');
SELECT masking.record_apologies('{early}', '{14155550100}', '{5}');
SELECT results_eq($$SELECT outcome, repeats, call_seconds FROM masking.calls WHERE call_uuid = 'early'$$,
  $$VALUES ('apologised', 0, 1)$$, 'so is a call that got an apology');

SELECT pg_temp.tell('cancel', 'action', 'DialStatus', 'cancel', 'DialRingStatus', 'true');
SELECT pg_temp.tell('cancel', 'hangup', 'StartTime', '2026-03-29 01:59:58', 'EndTime', '2026-03-29 02:00:09');
SELECT results_eq($$SELECT answered, ring_seconds, hung_up_by FROM masking.calls WHERE call_uuid = 'cancel'$$,
  $$VALUES (false, 11, 'caller')$$, 'a caller who gives up hung up, after so many seconds');

SELECT is((SELECT pg_temp.tell('say', 'action', 'DialStatus', status)), (SELECT say FROM masking.prompt(event, 14155550100)),
  status || ' is said')
FROM (VALUES ('busy', 'busy'), ('no-answer', 'no_answer'), ('timeout', 'timeout'), ('failed', 'failed'),
  ('something-new', 'failed')) AS v (status, event);

-- Values that make no sense are no reason to fail.
SELECT lives_ok($$SELECT pg_temp.tell('odd', 'hangup', 'Duration', '-1', 'TotalCost', 'free', 'HangupCauseCode', '1e9',
  'StartTime', '2026-02-30 25:61:61', 'EndTime', 'later')$$, 'odd values are kept and not understood');
SELECT results_eq($$SELECT call_seconds, cost, hangup_code, ring_seconds FROM masking.calls WHERE call_uuid = 'odd'$$,
  $$VALUES (NULL::integer, NULL::numeric, NULL::integer, NULL::integer)$$, 'and make no column wrong');
SELECT is(masking.seconds_between('2026-10-25 02:59:50', '2026-10-25 02:00:10'), NULL, 'when the clock was set back, it is not known how long');
SELECT is(masking.seconds_between('2026-11-24 06:00:00.25', '2026-11-24T06:00:30'), 30, 'fractions and a T are fine');

-- Any order, any number of times: all orders of four events, twice each.
CREATE TEMP TABLE events (n int, kind text, parameters text[]);
INSERT INTO events VALUES
  (1, 'dial_answer', '{StartTime,"2026-11-24 11:30:00"}'),
  (2, 'action', '{DialStatus,completed,DialRingStatus,true}'),
  (3, 'dial_hangup', '{DialBLegDuration,9,DialBLegTotalCost,0.5,DialBLegHangupSource,Caller}'),
  (4, 'hangup', '{Duration,10,TotalCost,0.25,HangupSource,Caller,HangupCauseCode,4000}');
SELECT pg_temp.tell(format('order-%s%s%s%s', a.n, b.n, c.n, d.n), e.kind, VARIADIC e.parameters)
FROM events a, events b, events c, events d
CROSS JOIN LATERAL (VALUES (1, a.kind, a.parameters), (2, b.kind, b.parameters), (3, a.kind, a.parameters),
  (4, c.kind, c.parameters), (5, b.kind, b.parameters), (6, d.kind, d.parameters), (7, c.kind, c.parameters)) AS e (place, kind, parameters)
WHERE cardinality(ARRAY(SELECT DISTINCT unnest(ARRAY[a.n, b.n, c.n, d.n]))) = 4;
SELECT is((SELECT count(*) FROM masking.calls WHERE call_uuid LIKE 'order-%'), 24::bigint, 'all 24 orders of four events');
SELECT is((SELECT count(DISTINCT (facts, dial_status, rang, answered, ring_seconds, talk_seconds, call_seconds,
  hung_up_by, hangup_cause, hangup_code, cost)) FROM masking.calls WHERE call_uuid LIKE 'order-%'), 1::bigint,
  'come out the same, with repeats between');

SELECT is_empty($$SELECT * FROM masking.calls c WHERE c::text ~ '1415666'$$, 'promise 1: no phone number of a party is on record');

SELECT * FROM finish();
