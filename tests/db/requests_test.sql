-- Calls that we place: who may ask for one, once; what is handed out to be placed, and never twice; what the two who are
-- rung hear, and what is on record.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');

-- One row: request id and state, or the SQLSTATE.
CREATE FUNCTION pg_temp.asks(the_order text, the_side text, number text DEFAULT NULL, OUT id text, OUT state text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('role', 'masking_orders', true);
  INSERT INTO masking.call_requests AS c (order_id, side, number) VALUES (the_order, the_side, number) RETURNING c.request_id, c.state INTO id, state;
  PERFORM set_config('role', 'none', true);
EXCEPTION WHEN OTHERS THEN
  state := SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.now_is(id text) RETURNS text LANGUAGE sql AS $$
  SELECT state || coalesce(' ' || reason, '') FROM masking.call_requests WHERE request_id = id
$$;
CREATE FUNCTION pg_temp.takes(placer bigint) RETURNS text LANGUAGE sql AS $$
  SELECT request_id FROM masking.request_take(placer, 'https://x', 25)
$$;
-- Without the pause that the account wants between two.
CREATE FUNCTION pg_temp.takes_at_once(placer bigint) RETURNS text LANGUAGE sql AS $$
  UPDATE masking.placer SET last_placed_at = NULL;
  SELECT pg_temp.takes(placer)
$$;
CREATE FUNCTION pg_temp.answers(call text, id text, rung bigint, key text DEFAULT '', records boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
  SELECT outcome || coalesce(' ' || counterpart, '') || coalesce(' shows ' || shows, '') || coalesce(' ' || digits, '')
  FROM masking.answer_requests(ARRAY[call], ARRAY[id], ARRAY[rung], ARRAY[14155550100], ARRAY[key], ARRAY[hashtextextended(call || key, 0)], records)
$$;
CREATE FUNCTION pg_temp.ends(call text, id text, status text) RETURNS void LANGUAGE sql AS $$
  SELECT masking.end_requests(ARRAY[call], ARRAY[id], ARRAY[14155550100], ARRAY[status]);
  SELECT masking.record_events(ARRAY[call], ARRAY[14155550100], ARRAY[NULL], ARRAY['{"caller_ended":"true"}'])
$$;
-- Everything of a call up to the ring: its request.
CREATE FUNCTION pg_temp.placed(the_order text, the_side text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id CONSTANT text := (SELECT a.id FROM pg_temp.asks(the_order, the_side) a);
BEGIN
  PERFORM pg_temp.takes_at_once(1);
  PERFORM masking.request_report(1, id, true, 201, format('{"request_uuid": "u-%s"}', id));
  RETURN id;
END
$$;
CREATE FUNCTION pg_temp.becomes(id text, the_state text) RETURNS void LANGUAGE sql AS $$
  UPDATE masking.requests SET state = the_state, call_uuid = NULL WHERE request_id = id
$$;
UPDATE masking.settings SET amount = 0 WHERE name = 'requests_per_hour';
CREATE TEMP TABLE known (name text PRIMARY KEY, id text);
GRANT ALL ON known TO PUBLIC;

-- ---- asking ----

INSERT INTO known SELECT 'first', id FROM pg_temp.asks('A', 'agent');
SELECT is(pg_temp.now_is(id), 'requested', 'asked for') FROM known WHERE name = 'first';
SELECT is(a.id, k.id, 'a double tap gets the one that is open') FROM known k, pg_temp.asks('A', 'agent') a WHERE k.name = 'first';
SELECT isnt(a.id, k.id, 'the other side asks for one of its own') FROM known k, pg_temp.asks('A', 'customer') a WHERE k.name = 'first';
SELECT is((SELECT count(*) FROM masking.requests), 2::bigint, 'and there are two');
SELECT is((SELECT expires_at - requested_at FROM masking.call_requests WHERE request_id = id), interval '30 seconds', 'nobody wants a call asked for a minute ago')
FROM known WHERE name = 'first';

SELECT matches(a.state, 'MK005 side: must be customer or agent', 'no side') FROM pg_temp.asks('A', NULL) a;
SELECT matches(a.state, 'MK005 order_id: there is no such order', 'no such order') FROM pg_temp.asks('NONE', 'agent') a;
SELECT throws_ok($$SELECT tests.run_as('masking_orders', 'INSERT INTO call_requests (order_id, side, state) VALUES (''A'', ''agent'', ''connected'')')$$,
  'MK013', NULL, 'the state is ours');
SELECT lives_ok($$SELECT tests.run_as('masking_orders', 'INSERT INTO call_requests (request_id, order_id, side, state, reason) VALUES (NULL, ''A'', ''agent'', '''', NULL)')$$,
  'an ORM may write every column, as NULL');
SELECT throws_ok($$SELECT tests.run_as('masking_orders', 'UPDATE call_requests SET state = ''expired''')$$, '55000', NULL, 'nor is it written later');
SELECT throws_ok($$SELECT tests.run_as('masking_orders', 'SELECT * FROM requests')$$, '42501', NULL, 'the table itself is nobody''s');

INSERT INTO masking.orders (order_id, customer_number) VALUES ('W', '14156661001');
SELECT matches(a.state, '^MK015 order W: no agent is assigned yet$', 'nobody is there') FROM pg_temp.asks('W', 'customer') a;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156661003', '14156661004');
SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', format('INSERT INTO call_requests (order_id, side, expires_at) VALUES (''B'', ''agent'', %L)', t)), 'MK010', NULL, t || ' is no time for it')
FROM unnest(ARRAY['2001-01-01', 'infinity', (now() + interval '11 minutes')::text]) t;
INSERT INTO masking.order_blocks (order_id, side) VALUES ('B', 'agent');
SELECT matches(a.state, '^MK015 order B: the agent is blocked$', 'a side that is blocked') FROM pg_temp.asks('B', 'agent') a;
SELECT is(a.state, 'requested', 'the other is not') FROM pg_temp.asks('B', 'customer') a;
DELETE FROM masking.order_blocks;
INSERT INTO masking.orders (order_id, customer_number, agent_number, cancelled_at) VALUES ('C', '14156661005', '14156661006', now());
SELECT matches(a.state, '^MK015 order C: cancelled', 'called off') FROM pg_temp.asks('C', 'agent') a;
SELECT matches(a.state, '^MK005 number: is no phone of the agent$', 'somebody else''s phone') FROM pg_temp.asks('B', 'agent', '+1 415 666 9999') a;
SELECT matches(a.state, '^MK001 ', 'no phone at all') FROM pg_temp.asks('B', 'agent', '12') a;

-- ---- placing ----

SELECT is(pg_temp.takes(1), id, 'the oldest first') FROM known WHERE name = 'first';
SELECT is(pg_temp.now_is(id), 'placing', 'it is being placed') FROM known WHERE name = 'first';
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT isnt(pg_temp.takes_at_once(1), NULL, 'a database that does not wait for its disk') FROM known WHERE name = 'first';
SELECT is(current_setting('synchronous_commit'), 'local', 'does here: after a crash nothing is placed twice');
ROLLBACK;
SELECT is((SELECT request_id IS NULL AND wait_ms BETWEEN 1 AND 250 AND NOT stands_by FROM masking.request_take(1, 'https://x', 25)), true,
  'the next one in half a second: Plivo''s limit');
SELECT is(pg_temp.now_is(id), 'unknown', 'who asks with nothing in hand has lost what it was given, and it is not placed again') FROM known WHERE name = 'first';
SELECT pg_temp.becomes(id, 'requested') FROM known WHERE name = 'first';
SELECT is(pg_temp.takes_at_once(1), id, 'one that waits is') FROM known WHERE name = 'first';
SELECT pg_temp.becomes(id, 'requested') FROM known WHERE name = 'first';
UPDATE masking.requests r SET requested_at = pg_postmaster_start_time() - interval '1 second' FROM known k WHERE k.name = 'first' AND k.id = r.request_id;
SELECT isnt(pg_temp.takes_at_once(1), id, 'a failover may have lost that it was taken') FROM known WHERE name = 'first';
SELECT is(pg_temp.now_is(id), 'unknown', 'so it is not placed again') FROM known WHERE name = 'first';
UPDATE masking.requests r SET requested_at = now(), state = CASE r.state WHEN 'unknown' THEN 'requested' ELSE r.state END FROM known k WHERE k.name = 'first' AND k.id = r.request_id;
SELECT pg_temp.takes_at_once(1);
SELECT is((SELECT stands_by FROM masking.request_take(2, 'https://x', 25)), true, 'another stands by');
SELECT is(masking.request_report(1, id, false, 0, 'no route'), 'requested', 'not sent: it waits again') FROM known WHERE name = 'first';
SELECT is(pg_temp.takes_at_once(1), id, 'and is placed again') FROM known WHERE name = 'first';
SELECT is(masking.request_report(1, id, true, 429, '{}'), 'requested', 'too many: the same') FROM known WHERE name = 'first';
SELECT is(pg_temp.takes(1), NULL, 'but not at once');
SELECT is(pg_temp.takes_at_once(1), id, 'and is placed again') FROM known WHERE name = 'first';
SELECT is((SELECT body::jsonb - 'answer_url' - 'hangup_url' FROM masking.requests r
    CROSS JOIN LATERAL masking.request_body(r, 'https://x', 25) body WHERE r.request_id = id),
  '{"from": "14155550100", "to": "14156667778", "caller_name": "14155550100", "ring_timeout": 25, "answer_method": "POST", "hangup_method": "POST"}',
  'promise 1: what Plivo is sent shows our number, as the number and as the name') FROM known WHERE name = 'first';
UPDATE masking.placer SET heard_at = now() - interval '16 seconds';
SELECT isnt(pg_temp.takes_at_once(2), id, 'a silent one is taken over from') FROM known WHERE name = 'first';
SELECT is(pg_temp.now_is(id), 'unknown', 'and what it was placing is never placed again') FROM known WHERE name = 'first';
SELECT is(masking.request_report(1, id, true, 429, '{}'), 'unknown', 'whatever it says later') FROM known WHERE name = 'first';
SELECT is(masking.request_report(1, id, true, 201, '{"request_uuid": "u"}'), 'ringing', 'but that it was placed') FROM known WHERE name = 'first';
UPDATE masking.requests SET state = 'placing', placed_by = 2 WHERE request_id = (SELECT id FROM known WHERE name = 'first');
SELECT is(masking.request_report(1, id, false, 0, 'no route'), 'placing', 'nor gives it back what another is placing') FROM known WHERE name = 'first';
UPDATE masking.placer SET last_placed_at = NULL;
SELECT is(masking.request_report(2, id, true, 429, '{}'), 'requested', 'Plivo is in no hurry') FROM known WHERE name = 'first';
SELECT is(pg_temp.takes(2), NULL, 'nor are we');
UPDATE masking.placer SET heard_at = now() - interval '14 seconds';
SELECT masking.request_leave(3);
SELECT is((SELECT stands_by FROM masking.request_take(3, 'https://x', 25)), true, 'nobody leaves for another, nor is one that was heard of 14 seconds ago taken over from');
SELECT is(pg_temp.takes(2), NULL, 'that has nothing to place');
SELECT is((SELECT heard_at > now() - interval '1 second' FROM masking.placer), true, 'but is heard of');
SELECT masking.request_leave(2);
SELECT is((SELECT stands_by FROM masking.request_take(3, 'https://x', 25)), false, 'one that leaves is not waited for');
SELECT is((SELECT stands_by FROM masking.request_take(2, 'https://x', 25)), true, 'whoever was first is at work');
SELECT masking.request_leave(3);
UPDATE masking.placer SET last_placed_at = now() + interval '1 hour';
SELECT isnt(pg_temp.takes(1), NULL, 'a clock that was set back holds nothing up');

-- A phone that is rung late is rung for less long.
SELECT is((body::jsonb ->> 'ring_timeout')::integer, e, 'expires in ' || s)
FROM (VALUES ('1 hour', 25), ('9.5 seconds', 10), ('1 second', 5)) AS v (s, e), masking.requests r,
  LATERAL (SELECT masking.request_body(jsonb_populate_record(r, jsonb_build_object('expires_at', clock_timestamp() + s::interval)), 'https://x', 25) AS body) b
WHERE r.request_id = (SELECT id FROM known WHERE name = 'first');

CREATE FUNCTION pg_temp.reported(status integer, answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  UPDATE masking.requests SET ended_at = now(), first = NULL;
  SELECT a.id INTO id FROM pg_temp.asks('A', 'agent') a;
  PERFORM pg_temp.takes_at_once(1);
  PERFORM masking.request_report(1, id, true, status, answer);
  RETURN pg_temp.now_is(id);
END
$$;
SELECT is(pg_temp.reported(201, '{"message": "call fired", "request_uuid": "u1"}'), 'ringing', '201');
SELECT is(pg_temp.reported(s, a), e, s || ' ' || a)
FROM (VALUES (201, '<html>', 'unknown'), (201, '{}', 'unknown'), (200, '{"request_uuid": "u1"}', 'unknown'), (500, '{}', 'unknown'), (0, 'cut', 'unknown'),
  (400, '{"error": "14156667778 is not a valid to"}', 'failed Plivo answered 400: … is not a valid to'),
  (400, '{"error": "no such number: +33 6 12.34.56-78"}', 'failed Plivo answered 400: no such number: +…'), (401, '<html>', 'failed Plivo answered 401')) AS v (s, a, e);

-- ---- answering ----

UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'talk', pg_temp.placed('A', 'agent');
SELECT is(pg_temp.answers('c1', id, 14156667778), 'ask_key shows 14155550100 1', 'the agent answers, and is asked for a key') FROM known WHERE name = 'talk';
SELECT is(pg_temp.answers('c1', id, 14156667778), 'ask_key shows 14155550100 1', 'the same call gets the same answer') FROM known WHERE name = 'talk';
SELECT matches(pg_temp.answers('c2', id, 14156667778), '^not_requested', 'another one none') FROM known WHERE name = 'talk';
SELECT is(pg_temp.now_is(id), 'ringing', 'it rings still') FROM known WHERE name = 'talk';
SELECT is(pg_temp.answers('c1', id, 14156667778, '7'), 'ask_key shows 14155550100 1', 'another key is none') FROM known WHERE name = 'talk';
SELECT is(pg_temp.answers('c1', id, 14156667778, '1'), 'connected 14156667777 shows 14155550100', 'with it the customer is rung') FROM known WHERE name = 'talk';
SELECT is(pg_temp.answers('c1', id, 14156667778), 'ask_key shows 14155550100 1', 'the question told late again is answered') FROM known WHERE name = 'talk';
SELECT results_eq($$SELECT outcome, side, order_ids, route_id IS NOT NULL, placed, proxy, repeats FROM masking.calls WHERE call_uuid = 'c1'$$,
  $$VALUES ('connected', 'agent', '{A}'::text[], true, true, 14155550100, 0)$$, 'promise 4: and changes nothing of the record');
SELECT is(pg_temp.now_is(id), 'ringing', 'the other phone rings') FROM known WHERE name = 'talk';
SELECT masking.record_events('{c1}', '{14155550100}', '{NULL}', ARRAY['{"callee_answered":"true"}']);
SELECT is(pg_temp.now_is(id), 'connected', 'they talk') FROM known WHERE name = 'talk';
SELECT is(a.id, k.id, 'who taps now gets this one') FROM known k, pg_temp.asks('A', 'agent') a WHERE k.name = 'talk';
SELECT pg_temp.ends('c1', id, 'completed') FROM known WHERE name = 'talk';
SELECT is(pg_temp.now_is(id), 'connected', 'they have talked') FROM known WHERE name = 'talk';
SELECT isnt(a.id, k.id, 'who taps afterwards another one') FROM known k, pg_temp.asks('A', 'agent') a WHERE k.name = 'talk';
SELECT results_eq($$SELECT caller, callee, outcome FROM masking.order_calls('A') WHERE call_uuid = 'c1'$$,
  $$VALUES ('agent', 'customer', 'we rang the agent first: answered')$$, 'the log says who was rung first');
UPDATE masking.requests SET ended_at = now(), first = NULL;

INSERT INTO known SELECT 'other states', pg_temp.placed('A', 'agent');
SELECT matches(pg_temp.answers('o-' || s, id, 14156667778), '^not_requested', 'no call of ours is for one that is ' || s)
FROM known, unnest(ARRAY['requested', 'failed', 'refused', 'expired']) s,
  LATERAL (SELECT pg_temp.becomes(id, s) OFFSET 0) b WHERE name = 'other states';
UPDATE masking.requests SET ended_at = now(), first = NULL;

-- Answers that nobody heard, or that come late.
INSERT INTO known SELECT 'not heard', pg_temp.placed('A', 'agent');
SELECT masking.record_apologies('{l1}', '{14155550100}', '{1.0}', ARRAY[hashtextextended('l1', 0)]);
SELECT is(left(pg_temp.answers('l1', id, 14156667778), 7), 'ask_key', 'answered after the apology') FROM known WHERE name = 'not heard';
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'l1'), 'apologised', 'promise 4: which is what was heard');
UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'late', pg_temp.placed('A', 'agent');
SELECT pg_temp.answers('l2', id, 14156667778), pg_temp.answers('l2', id, 14156667778, '1') FROM known WHERE name = 'late';
SELECT is((SELECT outcome FROM masking.answer_requests('{l2}', ARRAY[id], '{14156667778}', '{14155550100}', '{""}', '{99}')), 'ask_key',
  'Plivo asks again after the key') FROM known WHERE name = 'late';
SELECT is((SELECT outcome FROM masking.calls WHERE call_uuid = 'l2'), 'connected', 'and that undoes nothing');
DELETE FROM known WHERE name = 'late';
UPDATE masking.requests SET ended_at = now(), first = NULL;

CREATE FUNCTION pg_temp.first_says(status text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id CONSTANT text := pg_temp.placed('A', 'customer');
BEGIN
  PERFORM pg_temp.ends('f-' || status, id, status);
  RETURN pg_temp.now_is(id) || ': ' || (SELECT outcome FROM masking.order_calls('A') WHERE call_uuid = 'f-' || status);
END
$$;
SELECT is(pg_temp.first_says(s), e, 'the first phone: ' || s)
FROM (VALUES ('busy', 'unanswered first_busy: we rang the customer first: that phone was busy'),
  ('no-answer', 'unanswered first_no_answer: we rang the customer first: that phone was not answered'),
  ('timeout', 'unanswered first_no_answer: we rang the customer first: that phone was not answered'),
  ('failed', 'unanswered first_failed: we rang the customer first: that phone could not be rung'),
  ('completed', 'unanswered: we rang the customer first: the call is known from later events only')) AS v (s, e);
SELECT masking.record_events('{f-busy}', '{14155550100}', '{NULL}', ARRAY['{"caller_source":"Callee"}']);
SELECT is((SELECT hung_up_by FROM masking.call_log WHERE call_uuid = 'f-busy'), NULL, 'whom Plivo calls "Callee" then is not the other side');
INSERT INTO known SELECT 'mailbox', pg_temp.placed('A', 'agent');
SELECT is(left(pg_temp.answers('m1', id, 14156667778), 7), 'ask_key', 'a mailbox answers') FROM known WHERE name = 'mailbox';
SELECT pg_temp.ends('m1', id, 'completed') FROM known WHERE name = 'mailbox';
SELECT is(pg_temp.now_is(id), 'unanswered ask_key', 'and presses no key') FROM known WHERE name = 'mailbox';
SELECT is_empty($$SELECT * FROM masking.missed('1 hour')$$, 'none of these has tried to reach the other side');
INSERT INTO known SELECT 'busy', pg_temp.placed('A', 'agent');
SELECT matches(pg_temp.answers('b1', id, 14156667778, '1'), '^connected', 'answered') FROM known WHERE name = 'busy';
SELECT masking.record_events('{b1}', '{14155550100}', '{NULL}', ARRAY['{"dial_status":"busy","caller_rang_seconds":9,"caller_source":"Answer XML"}']);
SELECT results_eq($$SELECT ring_seconds, hung_up_by FROM masking.call_log WHERE call_uuid = 'b1'$$, $$VALUES (NULL::integer, 'answer xml')$$,
  'how long the first phone rang says nothing of the other''s');
SELECT masking.record_events('{b2}', '{14155550100}', '{NULL}', ARRAY['{"dial_status":"completed","caller_seconds":60}']);
UPDATE masking.calls SET placed = true, outcome = 'connected' WHERE call_uuid = 'b2';
SELECT results_eq($$SELECT answered, talk_seconds FROM masking.call_life WHERE call_uuid = 'b2'$$, $$VALUES (true, NULL::integer)$$,
  'nor did they talk while the first listened to us');
SELECT masking.record_events('{b3}', '{14155550100}', '{NULL}', ARRAY['{"caller_ended":"true","caller_seconds":60}']);
UPDATE masking.calls SET placed = true, outcome = 'connected' WHERE call_uuid = 'b3';
SELECT is(answered, NULL, 'nor says the end of the first one''s leg whether the other answered') FROM masking.call_life WHERE call_uuid = 'b3';
DELETE FROM masking.calls WHERE call_uuid IN ('b2', 'b3');
SELECT is(pg_temp.now_is(id), 'unanswered busy', 'the other is busy') FROM known WHERE name = 'busy';
SELECT is((SELECT tries FROM masking.missed('1 hour') WHERE order_id = 'A' AND side = 'agent'), 1::bigint, 'that was a try');
UPDATE masking.requests SET ended_at = now(), first = NULL;

-- An apology that is written late, and the end of the call, in either order.
CREATE FUNCTION pg_temp.apologised(first_end boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id CONSTANT text := pg_temp.placed('A', 'agent');
  call CONSTANT text := 'apology-' || first_end;
BEGIN
  IF first_end THEN
    PERFORM pg_temp.ends(call, id, 'completed');
  END IF;
  PERFORM masking.record_apologies(ARRAY[call], ARRAY[14155550100], ARRAY[1.0], ARRAY[7]);
  IF NOT first_end THEN
    PERFORM pg_temp.ends(call, id, 'completed');
  END IF;
  RETURN pg_temp.now_is(id) || (SELECT format(' %s %s', c.order_ids, c.side) FROM masking.calls c WHERE c.call_uuid = call);
END
$$;
SELECT is(pg_temp.apologised(f), 'failed apologised {A} agent', 'told late') FROM (VALUES (true), (false)) AS v (f);

-- An end of which the event was recorded first, and that is told again.
INSERT INTO known SELECT 'told twice', pg_temp.placed('A', 'agent');
SELECT masking.record_events('{t1}', '{14155550100}', '{NULL}', ARRAY['{"caller_ended":"true"}']);
SELECT pg_temp.ends('t1', id, 'busy') FROM known WHERE name = 'told twice';
UPDATE masking.requests SET ended_at = ended_at - interval '1 minute' WHERE call_uuid = 't1';
SELECT pg_temp.ends('t1', id, 'busy') FROM known WHERE name = 'told twice';
SELECT is(pg_temp.now_is(id), 'unanswered first_busy', 'the event makes no word of it') FROM known WHERE name = 'told twice';
SELECT is((SELECT ended_at < now() - interval '59 seconds' FROM masking.requests WHERE call_uuid = 't1'), true, 'it ended once');

-- The end of the call, and the answer after it.
INSERT INTO known SELECT 'overtaken', pg_temp.placed('A', 'agent');
SELECT pg_temp.ends('o1', id, 'completed') FROM known WHERE name = 'overtaken';
UPDATE masking.calls SET called_at = called_at - interval '1 minute' WHERE call_uuid = 'o1';
SELECT is(pg_temp.answers('o1', id, 14156667778), 'ask_key shows 14155550100 1', 'an end that overtakes is no repeat of the answer') FROM known WHERE name = 'overtaken';
SELECT is(pg_temp.now_is(id), 'unanswered ask_key', 'nor its last word') FROM known WHERE name = 'overtaken';
SELECT is((SELECT called_at > now() - interval '30 seconds' FROM masking.calls WHERE call_uuid = 'o1'), true, 'the call was when it was asked about');

-- ---- of several orders ----

UPDATE masking.orders SET spoken = 'a1' WHERE order_id = 'A';
INSERT INTO masking.orders (order_id, customer_number, agent_number, spoken) VALUES ('A later', '14156667777', '14156667778', 'a2');
UPDATE masking.settings SET is_on = true WHERE name LIKE 'greet_call%';
UPDATE masking.prompts SET words = 'Order {order}.' WHERE event = 'greet_caller' AND language = 'en-US';
INSERT INTO known SELECT 'several', pg_temp.placed('A', 'agent');
SELECT is(a.greet_say, 'Order A, 1.', 'the first hears of the one that the call was asked for, and not of the latest')
FROM known k, masking.answer_requests('{s1}', ARRAY[k.id], '{14156667778}', '{14155550100}', '{1}', '{1}') a WHERE name = 'several';
SELECT is((SELECT say FROM masking.find_prompts('{greet_callee}', '{14155550100}', '{s1}')), 'This is a call about order A, 1.', 'so does the other');
SELECT pg_temp.ends('s1', id, 'completed') FROM known WHERE name = 'several';
SELECT is((SELECT order_ids FROM masking.calls WHERE call_uuid = 's1'), '{A,A later}', 'it is on record for both');
SELECT results_eq($$SELECT r.records, a.say FROM known k, unnest(ARRAY[false, true]) AS r (records),
    LATERAL (SELECT * FROM masking.answer_requests('{s1}', ARRAY[k.id], '{14156667778}', '{14155550100}', '{1}', '{1}', r.records) OFFSET 0) a WHERE name = 'several' ORDER BY records$$,
  $$VALUES (false, NULL), (true, 'This call is recorded.')$$, 'who is recorded hears so');
UPDATE masking.settings SET is_on = false WHERE name LIKE 'greet_call%';
UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'the later', pg_temp.placed('A later', 'agent');
SELECT pg_temp.answers('s3', id, 14156667778) FROM known WHERE name = 'the later';
SELECT is((SELECT order_ids FROM masking.calls WHERE call_uuid = 's3'), '{A later,A}', 'first for the one that it is about');
UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'one of two', pg_temp.placed('A', 'agent');
SELECT is(pg_temp.answers('s2', id, 14156667777), 'order_over shows 14155550100', 'the phone of the other side is none of this one') FROM known WHERE name = 'one of two';
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT is(pg_temp.answers('s2', id, 14156667778), 'order_over shows 14155550100', 'a call about an order that was cancelled is none, whatever else the two share')
FROM known WHERE name = 'one of two';
UPDATE masking.orders SET cancelled_at = NULL WHERE order_id = 'A';
BEGIN;
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550160');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B elsewhere', '14156664001', '14156667778');
SELECT is(w.outcome, 'order_over', 'nor is one on a number by which that phone reaches somebody else')
FROM known k, masking.requests r, masking.orders o, masking.request_way(r, 14156667778, masking.number_of(o.proxy_number)) w
WHERE k.name = 'one of two' AND r.request_id = k.id AND o.order_id = 'B elsewhere' AND o.proxy_number = '14155550160';
ROLLBACK;
DELETE FROM masking.orders WHERE order_id = 'A later';
UPDATE masking.requests SET ended_at = now(), first = NULL;

-- ---- what changed meanwhile ----

CREATE FUNCTION pg_temp.meanwhile(happens text, rung bigint, key text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  id text;
  said text;
BEGIN
  INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('M', '14156662001', '14156662002')
  ON CONFLICT (order_id) DO UPDATE SET customer_number = EXCLUDED.customer_number, agent_number = EXCLUDED.agent_number, cancelled_at = NULL, completed_at = NULL;
  DELETE FROM masking.order_blocks;
  id := pg_temp.placed('M', 'agent');
  IF key <> '' THEN
    PERFORM pg_temp.answers('w' || id, id, rung);
  END IF;
  EXECUTE replace(happens, '$1', quote_literal(id));
  said := pg_temp.answers('w' || id, id, rung, key);
  PERFORM pg_temp.ends('w' || id, id, 'completed');
  RETURN said || ': ' || pg_temp.now_is(id);
END
$$;
SELECT is(pg_temp.meanwhile(h, 14156662002, k), e, h || ' with key "' || k || '"')
FROM (VALUES
  ('UPDATE masking.orders SET agent_number = ''14156662003'' WHERE order_id = ''M''', '', 'order_over shows 14155550100: refused order_over'),
  ('UPDATE masking.orders SET agent_number = ''14156662003'' WHERE order_id = ''M''', '1', 'order_over shows 14155550100: refused order_over'),
  ('UPDATE masking.orders SET cancelled_at = now() WHERE order_id = ''M''', '', 'order_over shows 14155550100: refused order_over'),
  ('UPDATE masking.orders SET agent_number = NULL WHERE order_id = ''M''', '', 'order_waiting shows 14155550100: refused order_waiting'),
  ('DELETE FROM masking.orders WHERE order_id = ''M''', '1', 'order_over shows 14155550100: refused order_over'),
  ('INSERT INTO masking.order_blocks (order_id, side) VALUES (''M'', ''agent'') ON CONFLICT DO NOTHING', '1', 'blocked shows 14155550100: refused blocked'),
  ('UPDATE masking.requests SET expires_at = now() - interval ''1 second'' WHERE request_id = $1', '',
    'request_expired shows 14155550100: expired request_expired'),
  ('UPDATE masking.requests SET expires_at = now() - interval ''1 second'' WHERE request_id = $1', '1', 'connected 14156662001 shows 14155550100: unanswered ended'),
  ('UPDATE masking.orders SET customer_number = ''14156662009'' WHERE order_id = ''M''', '1', 'connected 14156662009 shows 14155550100: unanswered ended')
) AS v (h, k, e);

-- Refused as it is to be placed.
INSERT INTO known SELECT 'late', id FROM pg_temp.asks('A', 'agent');
INSERT INTO known SELECT 'next', id FROM pg_temp.asks('M', 'agent');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT is(pg_temp.takes_at_once(1), id, 'what may not be placed any more holds nothing up') FROM known WHERE name = 'next';
SELECT is(pg_temp.now_is(id), 'refused order_over', 'and says so') FROM known WHERE name = 'late';
UPDATE masking.orders SET cancelled_at = NULL WHERE order_id = 'A';

UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'swapped', id FROM pg_temp.asks('M', 'agent');
UPDATE masking.orders SET agent_number = '14156662003' WHERE order_id = 'M';
SELECT is(pg_temp.takes_at_once(1), NULL, 'an agent who was swapped is not rung, nor is the new one, who has asked for nothing');
SELECT is(pg_temp.now_is(id), 'refused order_over', 'and the app hears so') FROM known WHERE name = 'swapped';
UPDATE masking.orders SET agent_number = '14156662002' WHERE order_id = 'M';

-- ---- ends of which nobody tells ----

UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO known SELECT 'old', id FROM pg_temp.asks('A', 'agent');
UPDATE masking.requests SET expires_at = now() - interval '1 second' WHERE request_id = (SELECT id FROM known WHERE name = 'old');
SELECT is(pg_temp.now_is(id), 'expired', 'nobody placed it') FROM known WHERE name = 'old';
SELECT isnt(a.id, k.id, 'another tap asks anew') FROM known k, pg_temp.asks('A', 'agent') a WHERE k.name = 'old';
SELECT is(state, 'expired', 'and the old one is closed') FROM masking.requests WHERE request_id = (SELECT id FROM known WHERE name = 'old');
UPDATE masking.requests SET expires_at = now() - interval '1 second' WHERE ended_at IS NULL;
SELECT is(pg_temp.takes(1), NULL, 'whoever places does not place what has expired');
SELECT is((SELECT count(*) FROM masking.requests WHERE ended_at IS NULL), 0::bigint, 'and closes it');
SELECT pg_temp.asks('A', 'agent');
UPDATE masking.requests SET state = 'placing', expires_at = now() - interval '121 seconds' WHERE ended_at IS NULL;
SELECT masking.end_stale_requests();
SELECT is(state, 'unknown', 'nobody says what became of its placing') FROM masking.requests ORDER BY requested_at DESC LIMIT 1;
SELECT pg_temp.asks('A', 'agent');
UPDATE masking.requests SET state = 'ringing', expires_at = now() - interval '119 seconds' WHERE ended_at IS NULL;
SELECT masking.end_stale_requests();
SELECT is((SELECT count(*) FROM masking.requests WHERE ended_at IS NULL), 1::bigint, 'Plivo has it: its end is waited for');
UPDATE masking.requests SET expires_at = now() - interval '121 seconds' WHERE ended_at IS NULL;
SELECT masking.end_stale_requests();
SELECT is((SELECT count(*) FROM masking.requests WHERE ended_at IS NULL), 0::bigint, 'but not for ever');
SELECT is(state, 'unanswered', 'and says so') FROM masking.call_requests ORDER BY requested_at DESC LIMIT 1;

CREATE FUNCTION pg_temp.goes_stale(change text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  id text := pg_temp.placed('A', 'agent');
BEGIN
  IF change !~ 'requested' THEN
    PERFORM pg_temp.answers('stale' || id, id, 14156667778, '1');
  END IF;
  EXECUTE replace(change, '$1', quote_literal(id));
  PERFORM masking.end_stale_requests();
  RETURN ended_at IS NOT NULL FROM masking.requests WHERE request_id = id;
END
$$;
SELECT is(pg_temp.goes_stale(c), is_stale, c)
FROM (VALUES
  ('SELECT', false),
  ('DELETE FROM masking.calls WHERE call_uuid = ''stale'' || $1', true),
  ('UPDATE masking.calls SET called_at = now() - interval ''3 hours'' WHERE call_uuid = ''stale'' || $1', false),
  ('UPDATE masking.calls SET called_at = now() - interval ''5 hours'' WHERE call_uuid = ''stale'' || $1', true),
  ('UPDATE masking.calls SET called_at = now() + interval ''1 hour'', outcome = ''ask_key'' WHERE call_uuid = ''stale'' || $1', true),
  ('UPDATE masking.requests SET state = ''requested'', expires_at = now() + interval ''599 seconds'' WHERE request_id = $1', false),
  ('UPDATE masking.requests SET state = ''requested'', expires_at = now() + interval ''1 hour'' WHERE request_id = $1', true)) AS v (c, is_stale);
UPDATE masking.requests SET ended_at = now(), first = NULL;

-- Is a request still open whose call is in this state for so long?
CREATE FUNCTION pg_temp.is_open(the_state text, the_outcome text, ago interval, ended boolean DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  id text;
BEGIN
  UPDATE masking.requests SET ended_at = now(), first = NULL;
  id := pg_temp.placed('A', 'agent');
  UPDATE masking.requests r SET state = the_state, call_uuid = CASE WHEN the_outcome IS NOT NULL THEN 'open-' || id END,
    requested_at = now() - ago - interval '30 seconds', expires_at = now() - ago WHERE r.request_id = id;
  INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome, caller_ended, placed)
  SELECT 'open-' || id, now() - ago, now() - ago, the_outcome, ended, true WHERE the_outcome IS NOT NULL;
  PERFORM masking.end_stale_requests();
  RETURN (SELECT r.ended_at IS NULL FROM masking.requests r WHERE r.request_id = id);
END
$$;
SELECT is(pg_temp.is_open(s, o, ago::interval, e), open, concat_ws(' ', s, o, ago, e))
FROM (VALUES ('unknown', NULL, '1 second', NULL, false), ('ringing', NULL, '119 seconds', NULL, true),
  ('ringing', 'ask_key', '110 seconds', NULL, true), ('ringing', 'ask_key', '121 seconds', NULL, false), ('ringing', 'ask_key', '1 second', true, false),
  ('ringing', 'connected', '239 minutes', NULL, true), ('ringing', 'connected', '241 minutes', NULL, false)) AS v (s, o, ago, e, open);
DELETE FROM masking.calls WHERE call_uuid LIKE 'open-%';

-- ---- how many ----

DELETE FROM masking.requests;
UPDATE masking.settings SET amount = 2 WHERE name = 'requests_per_hour';
SELECT is(pg_temp.first_says('busy') || pg_temp.first_says('failed') IS NOT NULL, true, 'two');
SELECT matches(a.state, '^MK016 order A: 2 calls were asked for within an hour$', 'and no more') FROM pg_temp.asks('A', 'agent') a;
UPDATE masking.requests SET state = 'expired' WHERE request_id = (SELECT max(request_id) FROM masking.requests);
BEGIN;
SELECT is(a.state, 'requested', 'of which Plivo was asked') FROM pg_temp.asks('A', 'agent') a;
ROLLBACK;
UPDATE masking.requests SET state = 'ringing', requested_at = requested_at - interval '1 hour';
SELECT is(a.state, 'requested', 'until the hour is over') FROM pg_temp.asks('A', 'agent') a;
UPDATE masking.requests SET ended_at = now(), first = NULL;
UPDATE masking.settings SET amount = 0 WHERE name = 'requests_per_hour';
UPDATE masking.settings SET amount = 1 WHERE name = 'calls_per_hour';
INSERT INTO known SELECT 'capped', pg_temp.placed('A', 'agent');
SELECT is((SELECT string_agg(pg_temp.answers('k1', id, 14156667778, key), ', ') FROM unnest(ARRAY['', '1', '1']) key),
  'ask_key shows 14155550100 1, connected 14156667777 shows 14155550100, connected 14156667777 shows 14155550100', 'the pair is counted once') FROM known WHERE name = 'capped';
SELECT pg_temp.ends('k1', id, 'completed') FROM known WHERE name = 'capped';
SELECT matches(a.state, '^MK015 order A: more calls of these two', 'and then not put through') FROM pg_temp.asks('A', 'agent') a;
UPDATE masking.settings SET amount = 0 WHERE name = 'calls_per_hour';

-- ---- an empty pool, further phones, dial prefixes ----

INSERT INTO masking.order_phones (order_id, side, number) VALUES ('M', 'agent', '14156662022');
UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('M', 'customer', '14156662021');
SELECT matches(a.state, '^MK005 number: is no phone of the agent$', 'a further phone of the other side') FROM pg_temp.asks('M', 'agent', '14156662021') a;
SELECT is(a.state, 'requested', 'a further phone') FROM pg_temp.asks('M', 'agent', '+1 415 666 2022') a;
UPDATE masking.placer SET last_placed_at = NULL;
SELECT is(body::jsonb ->> 'to', '14156662022', 'is rung') FROM masking.request_take(1, 'https://x', 25);
UPDATE masking.requests SET ended_at = now(), first = NULL;
INSERT INTO masking.dial_prefixes (prefix, allowed) VALUES ('14156662022', false);
SELECT matches(a.state, '^MK015 order M: the agent''s number, .*22, begins with a prefix that may not be dialled$', 'a phone that may not be rung') FROM pg_temp.asks('M', 'agent', '14156662022') a;
DELETE FROM masking.dial_prefixes;
UPDATE masking.orders SET completed_at = now() - interval '1 day';
DELETE FROM masking.orders;
UPDATE masking.proxy_numbers SET enabled = false;
DELETE FROM masking.routes;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E', '14156663001', '14156663002');
SELECT matches(a.state, '^MK017 order E: has no number of ours', 'with an empty pool nobody knows what to show') FROM pg_temp.asks('E', 'agent') a;
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14155550151', false), ('14155550152', true);
INSERT INTO known SELECT 'any', id FROM pg_temp.asks('E', 'agent');
UPDATE masking.placer SET last_placed_at = NULL;
SELECT is(body::jsonb ->> 'from', '14155550152', 'an order of that time may show any of the pool, once there is one') FROM masking.request_take(1, 'https://x', 25);
UPDATE masking.requests SET ended_at = now(), first = NULL;
UPDATE masking.settings SET word = '14155550150' WHERE name = 'request_number';
SELECT is(a.state, 'requested', 'but for the setting') FROM pg_temp.asks('E', 'agent') a;
UPDATE masking.placer SET last_placed_at = NULL;
SELECT is(body::jsonb ->> 'from', '14155550150', 'which is shown') FROM masking.request_take(1, 'https://x', 25);

SELECT * FROM finish();
