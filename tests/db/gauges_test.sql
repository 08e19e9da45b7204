-- What the gauges say of calls and numbers: read from the record, so the same from every server and after its restart.
SELECT no_plan();

CREATE FUNCTION pg_temp.gauge(source text, the_name text, the_labels text DEFAULT '') RETURNS double precision
LANGUAGE plpgsql
AS $$
DECLARE
  found double precision;
BEGIN
  EXECUTE format('SELECT value FROM masking.%I() WHERE name = $1 AND labels = $2', source) INTO found USING the_name, the_labels;
  RETURN found;
END $$;
CREATE FUNCTION pg_temp.ago(source text, the_name text, the_labels text DEFAULT '') RETURNS text
LANGUAGE sql
AS $$ SELECT round((extract(epoch FROM now()) - pg_temp.gauge(source, the_name, the_labels)) / 60) || ' minutes' $$;

-- A call of so long ago to a number.
CREATE FUNCTION pg_temp.called(ago interval, number bigint, placed boolean DEFAULT NULL, outcome text DEFAULT 'unknown_caller') RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, placed)
  VALUES (gen_random_uuid(), now() - ago, now() - ago, number, outcome, placed)
$$;

-- Nothing was ever called.
SELECT is(pg_temp.gauge('call_gauges', 'last_call_timestamp_seconds'), NULL, 'without pool and calls there is no last call');
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14155550100', true), ('14155550101', true), ('14155550102', false);
SELECT is_empty($$SELECT FROM masking.number_gauges() WHERE name = 'number_last_call_timestamp_seconds' AND labels = 'number="14155550102"'$$,
  'a number that is disabled does not count');
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '0 minutes', 'one that was never called counts from when it is enabled');
SELECT is(pg_temp.ago('call_gauges', 'last_call_timestamp_seconds'), '0 minutes', 'so does the pool');
UPDATE masking.last_calls SET enabled_at = enabled_at - interval '3 days';
UPDATE masking.chores SET reached_time = now() - interval '3 days' WHERE name = 'last_calls';
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '4320 minutes', 'and goes on to');
SELECT is(pg_temp.ago('call_gauges', 'last_call_timestamp_seconds'), '4320 minutes', 'so does the pool, still');

-- Only what came since the last look is read.
SELECT pg_temp.called('5 minutes', 14155550100);
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '4320 minutes', 'what came long before the last look is not read again');
UPDATE masking.chores SET reached_time = now() - interval '6 minutes' WHERE name = 'last_calls';
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '5 minutes', 'what came since is');
SELECT is(pg_temp.ago('call_gauges', 'last_call_timestamp_seconds'), '5 minutes', 'the last call of all is asked of the record');
SELECT pg_temp.called('30 seconds', 14155550101, true);
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550101"'), '4320 minutes', 'a call that we placed reached nobody''s number');
INSERT INTO masking.messages (message_uuid, received_at, answered_at, proxy, outcome) VALUES ('m', now(), now(), 14155550101, 'forwarded');
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550101"'), '0 minutes', 'a text did');
CREATE TEMP TABLE version AS SELECT ctid AS place FROM masking.last_calls WHERE number = 14155550100;
SELECT masking.note_last_calls();
SELECT is(l.ctid, v.place, 'what is as it was is not written') FROM masking.last_calls l, version v WHERE l.number = 14155550100;
DELETE FROM masking.gauge_values;
DELETE FROM masking.calls;
DELETE FROM masking.messages;
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '5 minutes', 'what is known outlives the calls');

-- Enabled again, a number begins anew; the clock may be set back.
UPDATE masking.last_calls SET called_at = called_at - interval '2 days', enabled_at = enabled_at - interval '2 days';
UPDATE masking.proxy_numbers SET enabled = false WHERE number = '14155550101';
SELECT is_empty($$SELECT FROM masking.number_gauges() WHERE labels = 'number="14155550101"'$$, 'while it is disabled nobody misses its calls');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = '14155550101';
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550101"'), '0 minutes', 'enabled again, it counts from then');
UPDATE masking.chores SET reached_time = now() + interval '2 hours' WHERE name = 'last_calls';
SELECT pg_temp.called('10 seconds', 14155550100);
SELECT is(pg_temp.ago('number_gauges', 'number_last_call_timestamp_seconds', 'number="14155550100"'), '0 minutes', 'a clock that was set back hides no call');
DELETE FROM masking.proxy_numbers WHERE number = '14155550102';
SELECT masking.note_last_calls();
SELECT is((SELECT count(*) FROM masking.last_calls), 2::bigint, 'a row goes with its number');

-- Which numbers orders show.
SELECT is_empty($$SELECT FROM masking.number_gauges() WHERE name = 'number_live_routes'$$, 'no order: none');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');
SELECT results_eq($$SELECT labels, value FROM masking.number_gauges() WHERE name = 'number_live_routes'$$,
  $$SELECT format('number="%s"', proxy_number), 2::double precision FROM masking.orders WHERE order_id = 'A'$$, 'an order shows one of them');

-- What is usual in this half hour.
DELETE FROM masking.calls;
SELECT is(pg_temp.gauge('call_gauges', 'calls_usual'), 0::double precision, 'the first day: nothing is');
SELECT pg_temp.called(n * interval '1 minute', 14155550100) FROM generate_series(1, 29) n;
SELECT is(masking.usual_calls(), 0::bigint, 'today''s do not count');
SELECT pg_temp.called(interval '24 hours' + n * interval '1 minute', 14155550100) FROM generate_series(0, 35) n;
SELECT is(masking.usual_calls(), 30::bigint, 'the second day: as many as yesterday');
SELECT pg_temp.called(d * interval '24 hours' + n * interval '1 minute' + interval '1 second', 14155550100) FROM generate_series(2, 5) d, generate_series(0, 5) n;
SELECT pg_temp.called(interval '5 days 1 hour', 14155550100);
SELECT is(masking.usual_calls(), 6::bigint, 'later the day in the middle');
SELECT pg_temp.called(interval '8 days', 14155550100);
SELECT is(masking.usual_calls(), 0::bigint, 'and no more than the same day of last week had: that is its day of rest');
SELECT pg_temp.called(interval '7 days 1 minute', 14155550100) FROM generate_series(1, 300);
SELECT is(masking.usual_calls(), 6::bigint, 'or it is not');
SELECT pg_temp.called(d * interval '24 hours' + interval '1 minute', 14155550100) FROM generate_series(1, 7) d, generate_series(1, 150);
SELECT is(masking.usual_calls(), 100::bigint, 'nobody counts to more than a hundred');
DELETE FROM masking.calls;

-- What became of calls.
CREATE FUNCTION pg_temp.rings(ago interval, id text, status text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  uuid text := gen_random_uuid();
BEGIN
  PERFORM tests.answer_calls(ARRAY[uuid], ARRAY[customer], ARRAY[proxy_number::bigint]) FROM masking.orders WHERE order_id = id;
  IF status IS NOT NULL THEN
    PERFORM tests.tell(uuid, jsonb_build_object('dial_status', status, 'caller_ended', 1));
  END IF;
  UPDATE masking.calls SET called_at = called_at - ago WHERE call_uuid = uuid;
END $$;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('ES', '14156660001', '34600000001'), ('DE', '14156660002', '4915112345678');
SELECT pg_temp.rings('1 minute', 'ES', s) FROM unnest(ARRAY['failed', 'failed', 'timeout', 'busy', 'completed', NULL]) s;
SELECT pg_temp.rings('1 minute', 'DE', s) FROM unnest(ARRAY['completed', 'no-answer', 'cancel']) s;
SELECT pg_temp.rings('11 minutes', 'DE', 'failed');
SELECT pg_temp.rings('11 minutes', 'A', 'failed');
SELECT pg_temp.rings('61 minutes', 'DE', 'failed');
SELECT pg_temp.called('2 minutes', 14155550100);
SELECT pg_temp.called('2 minutes', 14155550100, NULL, 'apologised');
SELECT results_eq($$SELECT labels, value FROM masking.rung_gauges() ORDER BY labels COLLATE "C"$$,
  $$VALUES ('calling_code="34",class="answered"', 1::double precision), ('calling_code="34",class="not_put_through"', 3), ('calling_code="34",class="not_taken"', 1),
    ('calling_code="49",class="answered"', 1), ('calling_code="49",class="not_put_through"', 0), ('calling_code="49",class="not_taken"', 2)$$,
  'by country, of the last ten minutes: each class, also of none; and no country that nobody was rung in');
SELECT results_eq($$SELECT labels, value FROM masking.call_gauges() WHERE name = 'calls_last_hour' ORDER BY labels COLLATE "C"$$,
  $$VALUES ('class="answered"', 2::double precision), ('class="apologised"', 1), ('class="not_put_through"', 5), ('class="not_taken"', 3), ('class="open"', 1), ('class="turned_away"', 1)$$,
  'of the last hour, all: also those that were turned away, and those that go on');

-- Who waits for a number, and whose number has to be corrected.
UPDATE masking.settings SET word = 'unmasked' WHERE name = 'bad_numbers';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('TYPO', '0415', '14156667779');
UPDATE masking.proxy_numbers SET enabled = false;
INSERT INTO masking.orders (order_id, customer_number, agent_number) SELECT 'W' || n, (14156668000 + n)::text, '14156667780' FROM generate_series(1, 2) n;
SELECT results_eq($$SELECT labels, value FROM masking.order_gauges() WHERE name = 'unmasked_orders' ORDER BY labels COLLATE "C"$$,
  $$VALUES ('kind="refused"', 1::double precision), ('kind="waiting"', 2)$$, 'are two gauges');
UPDATE masking.proxy_numbers SET enabled = true;

-- A number that is lost at Plivo, and the orders that show it.
INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA', '1', 'x', 'https://x', '{}');
INSERT INTO masking.plivo_look (looked_at, prepaid, application) VALUES (now(), false, '{"app_id": "1"}');
INSERT INTO masking.plivo_seen (number, owner, voice, sms) SELECT e164, 'ours', true, true FROM masking.proxy_numbers;
SELECT is((SELECT sum(value) FROM masking.plivo_gauges() WHERE name = 'pool_drift_orders'), 0::double precision, 'nothing differs: no order is concerned');
DELETE FROM masking.plivo_seen WHERE number = (SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'A');
SELECT is(pg_temp.gauge('plivo_gauges', 'pool_drift_orders', 'kind="gone"'), (SELECT count(*) FROM masking.orders o, masking.orders a WHERE a.order_id = 'A' AND o.proxy_number = a.proxy_number)::double precision,
  'a number is gone: its orders are counted, each once');
SELECT is(pg_temp.gauge('plivo_gauges', 'pool_drift_orders', 'kind="lost"'), 0::double precision, 'by kind');
INSERT INTO masking.plivo_seen (number, owner, voice, sms) SELECT e164, 'free', true, true FROM masking.proxy_numbers
ON CONFLICT (number) DO UPDATE SET owner = EXCLUDED.owner;
SELECT cmp_ok(pg_temp.gauge('plivo_gauges', 'pool_drift_orders', 'kind="lost"'), '>', 0::double precision, 'as one that is attached to nothing');
UPDATE masking.plivo_seen SET owner = 'ours', voice = false;
SELECT cmp_ok(pg_temp.gauge('plivo_gauges', 'pool_drift_orders', 'kind="voice"'), '>', 0::double precision, 'or takes no calls');

SELECT * FROM finish();
