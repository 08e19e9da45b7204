-- What people tried in vain, by order and by country.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('A', '14156667777', '14156667778'), ('S1', '14156660001', '34612345678'), ('S2', '14156660001', '34612345678'), ('B', '14156660003', '14156660004');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('W', '14156660009');
CREATE TEMP TABLE own AS SELECT order_id, proxy_number::bigint AS number, 28311100201 - proxy_number::bigint AS wrong FROM masking.orders WHERE order_id <> 'W';
-- The call of somebody to an order's own number, so many minutes ago, and what came of it.
CREATE FUNCTION pg_temp.calls(id text, caller bigint, number bigint, ago integer, told jsonb) RETURNS void
LANGUAGE sql
AS $$
  SELECT count(*) FROM tests.answer_calls(ARRAY[id], ARRAY[caller], ARRAY[number]);
  UPDATE masking.calls SET called_at = now() - make_interval(mins => ago) WHERE call_uuid = id;
  SELECT tests.tell(id, told)
$$;
CREATE FUNCTION pg_temp.missed(within interval DEFAULT '1 hour') RETURNS TABLE (told text)
LANGUAGE sql
AS $$
  SELECT format('%s %s %s: %s, %s', order_id, side, tries, last_outcome, CASE WHEN talked_later THEN 'talked' ELSE 'not yet' END)
  FROM masking.missed(within) ORDER BY order_id, side
$$;
UPDATE masking.routes SET live = tstzrange(now() - interval '50 minutes', upper(live)), held = tstzrange(now() - interval '50 minutes', upper(held));
UPDATE masking.orders SET recorded_at = now() - interval '50 minutes';

SELECT is_empty('SELECT * FROM masking.missed(''1 hour'')', 'nobody called');
SELECT pg_temp.calls('a1', 14156667777, number, 30, '{"dial_status": "no-answer"}') FROM own WHERE order_id = 'A';
SELECT pg_temp.calls('a2', 14156667777, number, 20, '{"dial_status": "busy"}') FROM own WHERE order_id = 'A';
SELECT pg_temp.calls('s1', 14156660001, number, 20, '{"dial_status": "timeout"}') FROM own WHERE order_id = 'S1';
SELECT pg_temp.calls('b0', 14156660003, number, 20, '{"callee_answered": 1, "callee_ended": 1}') FROM own WHERE order_id = 'B';
SELECT results_eq('SELECT * FROM pg_temp.missed()', $$VALUES ('A customer 2: the callee was busy, not yet'),
  ('S1 customer 1: the callee could not be reached, not yet'), ('S2 customer 1: the callee could not be reached, not yet')$$,
  'who tried and did not reach the other, for each order of theirs, and nobody who did');
SELECT is((SELECT last_try_at FROM masking.missed('1 hour') WHERE order_id = 'A'), (SELECT called_at FROM masking.calls WHERE call_uuid = 'a2'), 'and when last');
SELECT results_eq($$SELECT * FROM pg_temp.missed('25 minutes') WHERE told ~ '^A'$$, $$VALUES ('A customer 1: the callee was busy, not yet')$$, 'what is longer ago does not count');
SELECT pg_temp.calls('a3', 14156667777, number, 1, '{}') FROM own WHERE order_id = 'A';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^A'$$, $$VALUES ('A customer 2: the callee was busy, not yet')$$, 'nor does a call that may ring still');
SELECT pg_temp.calls('a4', 14156667778, number, 10, '{"dial_status": "cancel"}') FROM own WHERE order_id = 'A';
SELECT pg_temp.calls('a5', 14156667778, number, 5, '{"dial_status": "completed", "callee_confirmed": 1}') FROM own WHERE order_id = 'A';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^A'$$, $$VALUES ('A agent 1: the caller gave up, talked'), ('A customer 2: the callee was busy, talked')$$,
  'each side has its tries, and a talk later counts whoever called');
SELECT pg_temp.calls('a6', 14156667777, number, 3, '{"callee_answered": 1, "callee_ended": 1, "callee_code": 9110}') FROM own WHERE order_id = 'A';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^A'$$,
  $$VALUES ('A agent 1: the caller gave up, talked'), ('A customer 3: it was answered, and nobody pressed the key, not yet')$$, 'not one before the last try, nor a mailbox');
SELECT tests.tell('a5', '{"callee_ended": 1, "callee_seconds": 300}');
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^A c'$$, $$VALUES ('A customer 3: it was answered, and nobody pressed the key, talked')$$,
  'but for one that was going on then');

SELECT pg_temp.calls('c1', 14156660003, number, 21, '{"callee_answered": 1}') FROM own WHERE order_id = 'B';
SELECT pg_temp.calls('c2', 14156660004, number, 7, '{"dial_status": "busy"}') FROM own WHERE order_id = 'B';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^B'$$, $$VALUES ('B agent 1: the callee was busy, talked')$$, 'or that goes on now');
SELECT tests.tell('c1', '{"callee_ended": 1, "callee_seconds": 60}');
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^B'$$, $$VALUES ('B agent 1: the callee was busy, not yet')$$, 'but for one that ended before');
DELETE FROM masking.calls WHERE call_uuid ~ '^c';

-- Those who found no order on the number dialled: by who they are.
SELECT pg_temp.calls('b1', 14156660003, wrong, 10, '{"caller_ended": 1}') FROM own WHERE order_id = 'B';
SELECT pg_temp.calls('b2', 14159999903, wrong, 9, '{}') FROM own WHERE order_id = 'B';
SELECT pg_temp.calls('w1', 14156660009, wrong, 8, '{}') FROM own WHERE order_id = 'B';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^[BW]'$$, $$VALUES ('B customer 1: the caller''s order is on another number, not yet'),
  ('W customer 1: the caller''s order has nobody to connect him with yet, not yet')$$, 'a wrong number of ours is a try too, as is a call before somebody is assigned');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('W', 'customer', '14156660019');
SELECT pg_temp.calls('w2', 14156660019, wrong, 7, '{}') FROM own WHERE order_id = 'B';
SELECT results_eq($$SELECT split_part(told, ':', 1) FROM pg_temp.missed() WHERE told ~ '^W'$$, $$VALUES ('W customer 2')$$, 'from a further phone, too');
SELECT tests.set('cool_off', '0');
UPDATE masking.orders SET agent_number = '14156660008' WHERE order_id = 'W';
SELECT results_eq($$SELECT split_part(told, ':', 1) FROM pg_temp.missed() WHERE told ~ '^W'$$, $$VALUES ('W customer 2')$$, 'somebody is assigned: these stay tries');
UPDATE masking.orders SET agent_number = NULL WHERE order_id = 'W';
SELECT pg_temp.calls('w3', 14156660009, wrong, 0, '{}') FROM own WHERE order_id = 'B';
SELECT results_eq($$SELECT split_part(told, ':', 1) FROM pg_temp.missed() WHERE told ~ '^W'$$, $$VALUES ('W customer 3')$$, 'and it waits again, whatever number it held');
SELECT tests.set('cool_off', '24 hours');
INSERT INTO masking.orders (order_id, customer_number, agent_number, proxy_number) VALUES ('B2', '14156660003', '14156660005', NULL);
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'B';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^B'$$, $$VALUES ('B customer 1: the caller''s order is on another number, not yet')$$,
  'of the order that there was then, not of one that came later');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'B2';
UPDATE masking.routes SET live = tstzrange(lower(live), now() - interval '15 minutes', CASE WHEN lower(live) > now() - interval '15 minutes' THEN '()' ELSE '[)' END)
  WHERE order_id = 'B';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^B'$$, $$VALUES ('B customer 1: the caller''s order is on another number, not yet')$$,
  'and of none that lives, of the last that did');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('S1', 'customer'), ('S2', 'customer');
SELECT pg_temp.calls('s2', 14156660001, number, 2, '{}') FROM own WHERE order_id = 'S1';
SELECT results_eq($$SELECT * FROM pg_temp.missed() WHERE told ~ '^S'$$,
  $$VALUES ('S1 customer 2: calls of that side are blocked, not yet'), ('S2 customer 2: calls of that side are blocked, not yet')$$, 'a block is a reason like any other');

-- By country.
SELECT results_eq($$SELECT calling_code, country, calls, reached, calls_yesterday, reached_yesterday FROM masking.calls_by_country('1 hour') WHERE calling_code = '34'$$,
  $$VALUES ('34', 'Spain', 1::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'nobody in Spain gets through');
SELECT pg_temp.calls('y1', 34612345678, number, 1455, '{"callee_answered": 1}') FROM own WHERE order_id = 'S1';
SELECT pg_temp.calls('y2', 34612345678, number, 1470, '{"dial_status": "busy"}') FROM own WHERE order_id = 'S1';
SELECT results_eq($$SELECT calling_code, sum(calls), sum(reached), sum(calls_yesterday), sum(reached_yesterday) FROM masking.calls_by_country('1 hour') GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('1', 6::numeric, 2::numeric, 2::numeric, 1::numeric), ('34', 1, 0, 0, 0)$$, 'yesterday''s hours stand beside today''s; what may ring still does not count');
SELECT is_empty($$SELECT * FROM masking.calls_by_country('6 hours') c WHERE c::text ~ '6123|41566'$$, 'promise 1: no number of a party is told');

-- Small windows only.
SELECT throws_ok(format('SELECT * FROM masking.%s(%L)', f.name, w.within), '22023', NULL, f.name || ' does not look at ' || coalesce(w.within, 'NULL'))
FROM (VALUES ('missed', '24 hours 1 second'), ('missed', '0'), ('missed', NULL), ('missed', '-1 hour'), ('calls_by_country', '7 hours'), ('calls_by_country', '0')) w (of, within)
JOIN (VALUES ('missed'), ('calls_by_country')) f (name) ON f.name = w.of;
SELECT lives_ok('SELECT * FROM masking.missed(''24 hours''), masking.calls_by_country(''6 hours'')', 'a day, and six hours, it does');
SELECT is((SELECT count(*) FROM tests.ask_as(who, 'SELECT order_id FROM missed(''1 hour'')')), (SELECT count(*) FROM masking.missed('1 hour')), who || ' may ask')
FROM unnest(ARRAY['masking_orders', 'masking_support']) who;
SELECT is((SELECT count(*) FROM tests.ask_as(who, 'SELECT calls::text FROM calls_by_country(''1 hour'')')), (SELECT count(*) FROM masking.calls_by_country('1 hour')),
  who || ' may ask by country')
FROM unnest(ARRAY['masking_orders', 'masking_support']) who;

SELECT * FROM finish();
