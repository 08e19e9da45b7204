-- Data for years: clocks that are set back, rows that come past the triggers, and lives that end.
SELECT no_plan();

-- A clock that is set back by two hours: everything that happened is two hours further ahead.
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14155550100', true), ('14155550101', false);
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('CANCELLED', '14156660001', '14156660002'), ('SWAPPED', '14156660003', '14156660004'), ('DELETED', '14156660005', '14156660006'), ('OPEN', '14156660007', '14156660008');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('OPEN', 'customer', '14156660009');
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('CODED', '14156660011', '14156660012');
CREATE TEMP TABLE code AS SELECT customer_code AS code, proxy_number::bigint AS proxy FROM masking.orders WHERE order_id = 'CODED';
SELECT tests.pass('1 minute');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id IN ('CANCELLED', 'CODED');
UPDATE masking.orders SET agent_number = '14156660010' WHERE order_id = 'SWAPPED';
DELETE FROM masking.orders WHERE order_id = 'DELETED';
DELETE FROM masking.order_phones;
SELECT tests.pass('-2 hours');
SELECT is(tests.reaches(caller, 14155550100), 'order_over', 'promise 2: a clock set back revives nobody: ' || who)
FROM (VALUES (14156660001, 'a cancelled order''s customer'), (14156660002, 'its agent'), (14156660004, 'a swapped agent'),
  (14156660005, 'a deleted order''s customer'), (14156660009, 'a phone that was taken off')) AS v (caller, who);
SELECT is(tests.reaches(14156660003, 14155550100), '14156660010', 'the customer reaches the new agent');
SELECT is(tests.reaches(14156660007, 14155550100), '14156660008', 'what is open stays so');
SELECT is((SELECT outcome FROM tests.answer_codes('{c}', '{14156669999}', ARRAY[proxy], '{1}', ARRAY[code])), 'wrong_code', 'nor is an old code taken')
FROM code;
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'OPEN';
SELECT is(tests.reaches(14156660007, 14155550100), 'order_over', 'an order that is cancelled meanwhile is over at once');
UPDATE masking.proxy_numbers SET enabled = number = '14155550100';
SELECT is((SELECT proxy_number FROM masking.orders WHERE order_id = 'NEXT'), NULL, 'before');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('NEXT', '14156660007', '14156660099');
SELECT is(tests.reaches(14156660007, 14155550100), '14156660099', 'its customer''s next order gets the number, though the old hold has yet to begin');
UPDATE masking.settings SET is_on = false WHERE name = 'codes';
DELETE FROM masking.orders;
DELETE FROM masking.routes;
UPDATE masking.proxy_numbers SET enabled = true;

-- Whatever is written while the clock is behind succeeds, by a second or by days: each of these, alone, on orders in every state.
CREATE FUNCTION pg_temp.fails_behind(behind interval, statements text[]) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
  statement text;
BEGIN
  INSERT INTO masking.orders (order_id, customer_number, agent_number)
  SELECT id, (14156670000 + n)::text, (14156680000 + n)::text
  FROM unnest(ARRAY['OPEN', 'DONE', 'PLANNED', 'CANCELLED', 'SWAPPED', 'BLOCKED', 'ALONE']) WITH ORDINALITY AS v (id, n);
  INSERT INTO masking.order_phones (order_id, side, number) SELECT order_id, 'customer', replace(customer_number, '1415667', '1415669') FROM masking.orders;
  INSERT INTO masking.order_blocks (order_id, side) VALUES ('BLOCKED', 'customer');
  UPDATE masking.orders SET completed_at = now() WHERE order_id = 'DONE';
  UPDATE masking.orders SET completed_at = now() + interval '1 hour' WHERE order_id = 'PLANNED';
  UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'CANCELLED';
  UPDATE masking.orders SET agent_number = '14156680009' WHERE order_id = 'SWAPPED';
  UPDATE masking.orders SET agent_number = NULL WHERE order_id = 'ALONE';
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM tests.pass(-behind);
  FOREACH statement IN ARRAY statements LOOP
    BEGIN
      EXECUTE statement;
      SET CONSTRAINTS ALL IMMEDIATE;
      RAISE EXCEPTION 'undone' USING ERRCODE = 'XX999', DETAIL = (SELECT coalesce(string_agg(order_id || ' ' || wrong, ', '), '') FROM masking.orders_out_of_step);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS statement = PG_EXCEPTION_DETAIL;
      CONTINUE WHEN SQLSTATE = 'XX999' AND statement = '';
      RETURN NEXT concat_ws(' ', behind, SQLSTATE, SQLERRM, statement);
    END;
  END LOOP;
  RAISE EXCEPTION 'undone' USING ERRCODE = 'XX998';
EXCEPTION WHEN SQLSTATE 'XX998' THEN
END
$$;
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT is_empty(format('SELECT pg_temp.fails_behind(%L, %L)', behind, ARRAY[
  'UPDATE masking.orders SET completed_at = now()', $$UPDATE masking.orders SET completed_at = now() + interval '1 hour'$$,
  $$UPDATE masking.orders SET completed_at = now() - interval '1 day'$$, 'UPDATE masking.orders SET completed_at = NULL',
  'UPDATE masking.orders SET cancelled_at = now()', 'UPDATE masking.orders SET cancelled_at = NULL', 'UPDATE masking.orders SET agent_number = NULL',
  $$UPDATE masking.orders SET agent_number = customer_number::bigint + 20000$$, $$UPDATE masking.orders SET customer_number = customer_number::bigint + 30000$$,
  $$UPDATE masking.orders SET completed_at = now(), agent_number = customer_number::bigint + 20000$$, 'UPDATE masking.proxy_numbers SET enabled = NOT enabled; UPDATE masking.orders SET placed_at = placed_at',
  $$INSERT INTO masking.order_phones (order_id, side, number) SELECT order_id, 'agent', customer_number::bigint + 40000 FROM masking.orders$$, 'DELETE FROM masking.order_phones',
  $$INSERT INTO masking.order_blocks (order_id, side) SELECT order_id, 'both' FROM masking.orders$$, 'DELETE FROM masking.order_blocks',
  $$WITH gone AS (DELETE FROM masking.orders RETURNING *) SELECT FROM gone; INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('OPEN', '14156670001', '14156680001')$$,
  $$INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at) SELECT 'TOO ' || order_id, customer_number, agent_number, now() FROM masking.orders$$,
  $$INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'TOO ' || order_id, customer_number, customer_number::bigint + 20000 FROM masking.orders$$,
  $$INSERT INTO masking.orders AS o (order_id, customer_number) SELECT order_id, customer_number FROM masking.orders ON CONFLICT (order_id) DO UPDATE SET completed_at = now(), agent_number = o.agent_number$$,
  $$SELECT masking.block_person('14156680001'), masking.unblock_person('14156680001')$$, $$INSERT INTO masking.dial_prefixes (prefix, allowed) VALUES ('1', false)$$,
  'UPDATE masking.settings SET is_on = false WHERE name = ''codes''; UPDATE masking.orders SET completed_at = now()', 'SELECT masking.issue_codes(), masking.assign_pending()',
  $$SELECT masking.retention_run(), masking.forget_numbers('0'), masking.gauges(), masking.remembered('0')$$, $$SELECT masking.erase_person(customer_number) FROM masking.orders$$]::text),
  'while the clock is behind by ' || behind)
FROM unnest(ARRAY['1 second', '10 minutes', '1 hour', '3 days']) behind;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('LATE', '14156660021', '14156660022'), ('GONE', '14156660023', '14156660024'), ('OTHER', '14156660025', '14156660026');
CREATE TEMP TABLE late AS SELECT customer_code AS code, proxy_number::bigint AS proxy FROM masking.orders WHERE order_id = 'LATE';
UPDATE masking.orders SET completed_at = now();
SELECT tests.pass('1 hour');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'LATE';
UPDATE masking.orders SET agent_number = '14156660027' WHERE order_id = 'OTHER';
DELETE FROM masking.orders WHERE order_id = 'GONE';
SELECT tests.pass('-2 hours');
SELECT is((SELECT outcome FROM tests.answer_codes('{l}', '{14156669999}', ARRAY[proxy], '{1}', ARRAY[code])), 'wrong_code', 'a code that had expired, and was cancelled then, does not live again')
FROM late;
SELECT is(tests.reaches(caller, dialled), expected, 'promise 2: nor do routes of whom it concerned: ' || who)
FROM unnest(ARRAY[14155550100, 14155550101]) dialled, (VALUES (14156660021, 'order_over', 'cancelled'), (14156660023, 'order_over', 'deleted'),
  (14156660026, 'order_over', 'a former agent')) AS v (caller, expected, who);
UPDATE masking.settings SET is_on = false WHERE name = 'codes';
DELETE FROM masking.orders;
DELETE FROM masking.routes;
SELECT ok(EXISTS (SELECT FROM masking.gauges()), 'gauges are looked up');
UPDATE masking.gauge_values SET taken_at = taken_at + interval '2 hours', value = -1;
SELECT is_empty('SELECT FROM masking.gauges() WHERE value < 0 AND name <> ''pool_headroom''', 'and again, while they say to have been so later than now');

-- Rows that come past what usually fires.
SET session_replication_role = replica;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('REPLICA', '+1 415 666 1001', '14156661002');
RESET session_replication_role;
SELECT is(tests.reaches(14156661001, (SELECT proxy_number::bigint FROM masking.orders)), '14156661002', 'a replica''s order is routed as any');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'nothing is out of step');
SELECT tests.triggers(false);
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('PAST', '14156661003', '14156661004');
INSERT INTO masking.orders (order_id, customer_number, completed_at) VALUES ('LOST', '14156661009', now());
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'REPLICA';
-- It waits and shows a number; and one that waited for more time until it was over, which is as it should be.
INSERT INTO masking.orders (order_id, customer_number, agent_number, customer, agent, proxy_number, masking, completed_at, unmasked_since) VALUES
  ('SHOWS', '14156661005', '14156661006', 14156661005, 14156661006, '14155550100', 'masked', NULL, now()),
  ('OVER', '14156661007', '14156661008', 14156661007, 14156661008, '14155550100', 'masked', now() - interval '1 day', now() - interval '1 day');
SELECT tests.triggers(true);
SELECT results_eq('SELECT order_id, wrong FROM masking.orders_out_of_step ORDER BY order_id',
  $$VALUES ('LOST' COLLATE "C", 'is not found by its people'), ('PAST' COLLATE "C", 'connects nobody, and does not wait'), ('REPLICA', 'connects whom the order does not name'),
    ('SHOWS', 'waits, and shows a number')$$,
  'what came past the triggers is shown');
SELECT masking.check_step();
SELECT ok(EXISTS (SELECT FROM masking.order_gauges() WHERE name = 'orders_out_of_step' AND value = 4), 'and is a gauge');
UPDATE masking.orders SET agent_number = agent_number;
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'writing the orders again mends it');
SELECT throws_ok('TRUNCATE masking.orders', 'MK007', NULL, 'TRUNCATE is refused in our words');
CREATE TABLE public.invoices (order_id text COLLATE "C" REFERENCES masking.orders);

-- Spans are exact.
SELECT is(span, interval '24 hours', 'a day is 24 hours, also where summer time begins')
FROM masking.settings WHERE name = 'cool_off' AND extract(day FROM span) = 0;
UPDATE masking.settings SET span = '1 day' WHERE name = 'longest_life';
SELECT is((SELECT span::text FROM masking.settings WHERE name = 'longest_life'), '24:00:00', 'however it is written');
UPDATE masking.settings SET span = '12 hours' WHERE name = 'longest_life';
SELECT lives_ok($$UPDATE masking.settings SET name = 'cool_off', span = span WHERE name = 'cool_off'$$, 'a program that saves whole rows, or a subscriber, writes the name as well');
SELECT throws_ok($$UPDATE masking.settings SET name = 'warm_up' WHERE name = 'cool_off'$$, 'MK007', NULL, 'but no other one');
SELECT throws_ok($$UPDATE masking.settings SET span = NULL, amount = 3 WHERE name = 'cool_off'$$, 'MK007', NULL, 'a span is no number');

-- One person, two spellings.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('MX', '+52 55 1234 5678', '+52 1 55 8765 4321'), ('AR', '+54 9 11 1234 5678', '+54 11 8765 4321');
SELECT is(tests.reaches(caller, proxy_number::bigint), callee, 'connected and dialled as written: ' || caller)
FROM (VALUES ('MX', 5215512345678, '5215587654321'), ('MX', 525512345678, '5215587654321'), ('MX', 525587654321, '525512345678'),
  ('AR', 541112345678, '541187654321'), ('AR', 5491112345678, '541187654321'), ('AR', 5491187654321, '5491112345678')) AS v (id, caller, callee)
JOIN masking.orders o ON o.order_id = v.id;
SELECT throws_ok($$INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('SAME', '525512345678', '5215512345678')$$, 'MK003', NULL,
  'two spellings are one person');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('MX2', '+52 1 55 1234 5678', '+52 55 9999 0000');
SELECT isnt((SELECT proxy_number FROM masking.orders WHERE order_id = 'MX2'), (SELECT proxy_number FROM masking.orders WHERE order_id = 'MX'),
  'promise 2: also for the constraint');

-- Lives that end.
UPDATE masking.orders SET completed_at = now();
INSERT INTO public.invoices VALUES ('MX');
SELECT * FROM tests.answer_calls('{old}', '{14156661003}', '{14155550100}');
SELECT * FROM tests.answer_messages('{old}', '{14156661003}', '{14155550100}', '{text}');
UPDATE masking.messages SET received_at = received_at - interval '91 days';
SELECT tests.pass('403 days');
INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at) VALUES ('FOREVER', '14156662001', '14156662002', 'infinity');
UPDATE masking.orders SET recorded_at = recorded_at - interval '500 days' WHERE order_id = 'FOREVER';
SELECT cmp_ok((SELECT sum(number_count) FROM masking.remembered('90 days') WHERE place LIKE '%past%'), '>', 3::numeric, 'what is past its time is seen');
SELECT masking.retention_run() FROM generate_series(1, 4);
SELECT is((SELECT string_agg(order_id, ' ' ORDER BY order_id) FROM masking.orders), 'FOREVER MX',
  'orders go; one that is live stays, and one that a table of the user''s refers to');
SELECT ok(EXISTS (SELECT FROM masking.order_gauges() WHERE name = 'orders_kept_back' AND value = 1), 'which is counted');
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id <> 'FOREVER'), 0::bigint, 'their routes go');
SELECT is_empty('SELECT FROM masking.calls', 'calls go');
SELECT is_empty('SELECT FROM masking.messages', 'messages go');
SELECT is((SELECT sum(number_count) FROM masking.remembered('90 days')), 1::numeric, 'but for the order kept back nothing is past its time');
SELECT is(tests.reaches(14156662001, (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'FOREVER')), '14156662002', 'and who is live is still reached');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('AR', '14156663001', '14156663002')
  ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number;
SELECT is(tests.reaches(14156663001, 14155550100), '14156663002', 'a late upsert of an order that is gone is a new order');

-- However a table of the user's refers to ours, what it refers to stays, and all else goes.
CREATE FUNCTION public.forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept by the shop'; END $$;
CREATE TABLE public.deferred (order_id text REFERENCES masking.orders DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE public.emptied (order_id text NOT NULL REFERENCES masking.orders ON DELETE SET NULL);
CREATE TABLE public.ratings (call_uuid text REFERENCES masking.calls DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE public.tickets (message_uuid text REFERENCES masking.messages);
CREATE TRIGGER shop BEFORE DELETE ON masking.orders FOR EACH ROW WHEN (OLD.order_id = 'R3') EXECUTE FUNCTION public.forbid();
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'R' || n, 14156667000 + n, 14156668000 + n FROM generate_series(1, 5) n;
SELECT * FROM tests.answer_calls('{r1,r2}', '{14156667001,14156667002}', '{14155550100,14155550100}');
SELECT * FROM tests.answer_messages('{r1,r2}', '{14156667001,14156667002}', '{14155550100,14155550100}', '{text,text}');
INSERT INTO public.deferred VALUES ('R1');
INSERT INTO public.emptied VALUES ('R2');
INSERT INTO public.ratings VALUES ('r1');
INSERT INTO public.tickets VALUES ('r1');
UPDATE masking.orders SET completed_at = now() WHERE order_id ~ '^R';
UPDATE masking.messages SET received_at = received_at - interval '91 days';
SELECT tests.pass('403 days');
SELECT lives_ok('SELECT masking.retention_run() FROM generate_series(1, 4)', 'retention goes on');
SELECT is((SELECT string_agg(order_id, ' ' ORDER BY order_id) FROM masking.orders WHERE order_id ~ '^R'), 'R1 R2 R3', 'orders that are referred to');
SELECT is((SELECT string_agg(call_uuid, ' ') FROM masking.calls), 'r1', 'a call');
SELECT is((SELECT string_agg(message_uuid, ' ') FROM masking.messages), 'r1', 'a text');
SELECT is((SELECT string_agg(place || ' ' || number_count, ', ' ORDER BY place) FROM masking.remembered('90 days') WHERE number_count > 0),
  'calls past their time 1, messages past their time 1, orders past their time 4', 'are what is left past its time');
SELECT is((SELECT string_agg(name || ' ' || found, ', ' ORDER BY name) FROM masking.chores WHERE name ~ '^keep_'), 'keep_calls 1, keep_messages 1, keep_orders 4', 'and are counted');
-- However many stay, the others go.
INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome) SELECT 'many-' || n, at, at, 'connected' FROM generate_series(1, 9) n, LATERAL (SELECT now() - interval '402 days' + n * interval '1 s' AS at) t;
INSERT INTO public.ratings SELECT 'many-' || n FROM generate_series(1, 5) n;
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is((SELECT sum(masking.remove_one_by_one('keep_calls', 'masking.calls', 'call_uuid', 'called_at', 'false', '400 days', 2)) FROM generate_series(1, 6)), 4::bigint,
  'behind more of them than a run looks at');
COMMIT;
CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE DELETE ON masking.messages FOR EACH ROW EXECUTE FUNCTION public.keep();
SELECT is((SELECT removed FROM masking.retention_run()), 0, 'and what a trigger of theirs keeps is not counted as gone');
DROP TRIGGER keep ON masking.messages;
DROP TRIGGER shop ON masking.orders;
DROP TABLE public.deferred, public.emptied, public.ratings, public.tickets;

-- The pool's arithmetic counts those who wait.
DELETE FROM public.invoices;
DELETE FROM masking.orders;
UPDATE masking.proxy_numbers SET enabled = false WHERE number <> '14155550100';
DELETE FROM masking.routes;
DELETE FROM masking.pool_peaks;
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'P' || n, (14156664000 + n)::text, '14156664100' FROM generate_series(1, 5) n;
SELECT results_eq('SELECT numbers, numbers_needed, headroom, waiting_orders FROM masking.pool_status', 'VALUES (1::bigint, 5::bigint, -4::bigint, 4::bigint)',
  'one number, one agent with five orders: needed 5, headroom -4');
SELECT results_eq('SELECT DISTINCT reason FROM masking.unmasked_orders', $$VALUES ('none free')$$, 'and why they wait');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('W1', '14156665001', '14156665002') RETURNING masking;
SELECT results_eq($$SELECT masking FROM masking.orders WHERE order_id IN ('P1', 'P2', 'W1') ORDER BY order_id$$, $$VALUES ('masked'), ('waiting'), ('masked')$$,
  'the order says what its people can do');

-- A gauge that fails takes no other with it.
CREATE OR REPLACE FUNCTION masking.pool_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
DELETE FROM masking.gauge_values;
SET client_min_messages = error;
SELECT ok(EXISTS (SELECT FROM masking.gauges() WHERE name = 'unmasked_orders'), 'the others are there');
RESET client_min_messages;
SELECT ok(EXISTS (SELECT FROM masking.gauges() WHERE name = 'gauges_timestamp_seconds' AND labels = 'source="order_gauges"'), 'with their time');
SELECT results_eq('SELECT edited FROM masking.schema_interface()', $$VALUES (ARRAY['pool/gauges.sql'])$$, 'a function that was edited by hand is named');
UPDATE masking.deployed SET text_by = 14, text_digest = 'of a view as PostgreSQL 14 wrote it' WHERE file IN ('codes/guessing.sql', 'calls/order_calls.sql');
SELECT results_eq('SELECT edited FROM masking.schema_interface()', $$VALUES (ARRAY['calls/order_calls.sql', 'pool/gauges.sql'])$$,
  'after an upgrade of PostgreSQL functions still are, and views are not taken for edited');

SELECT * FROM finish();
