-- The console's page of the pool, and of one number of it: is it healthy, whom does it concern?
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) SELECT (14155550100 + n)::text FROM generate_series(0, 2) n;
INSERT INTO masking.orders (order_id, customer_number, agent_number)
SELECT 'O-' || lpad(n::text, 3, '0'), (14156660000 + n)::text, (14156670000 + n)::text FROM generate_series(1, 180) n;
CREATE FUNCTION pg_temp.cell(on_number text, place integer) RETURNS text LANGUAGE sql AS $$
  SELECT p.cells[place] FROM masking.console_pool('anna', NULL) p WHERE p.link = 'pool_number' AND p.key = on_number AND p.part = 'row' LIMIT 1
$$;
CREATE FUNCTION pg_temp.tone(on_number text) RETURNS text LANGUAGE sql AS $$
  SELECT p.tone FROM masking.console_pool('anna', NULL) p WHERE p.link = 'pool_number' AND p.key = on_number AND p.part = 'row' LIMIT 1
$$;
SELECT is((SELECT count(DISTINCT order_id) FROM masking.live_routes() WHERE proxy = 14155550100)::text, pg_temp.cell('14155550100', 4),
  'a number has the orders whose people reach each other on it');
SELECT isnt(pg_temp.cell('14155550100', 4), '0', 'of which there are some');
SELECT is(pg_temp.cell('14155550100', 8), 'never seen', 'and no call');

-- A call of three days ago counts, whatever a day's limit says; a mailbox's seconds are nobody's talk.
INSERT INTO masking.last_calls (number, called_at) VALUES (14155550100, now() - interval '72 hours');
SELECT is(pg_temp.cell('14155550100', 8), '3 days ago', 'the last call is that of three days ago');
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, side, order_ids, dial_status, callee_seconds, callee_code)
SELECT 'c' || n, now() - interval '1 hour', now(), 14155550100, 'connected', 'customer', '{O-001}',
  CASE WHEN n <= 5 THEN 'completed' ELSE 'no-answer' END, CASE WHEN n <= 5 THEN 3 WHEN n <= 25 THEN 4 END, CASE WHEN n BETWEEN 6 AND 25 THEN 9110 END
FROM generate_series(1, 30) n;
SELECT is(ARRAY[pg_temp.cell('14155550100', 5), pg_temp.cell('14155550100', 6), pg_temp.cell('14155550100', 7)], '{30,5,5}',
  'of thirty calls five were answered, and short; the mailboxes'' twenty are neither');

-- Plivo took it away.
SELECT is(pg_temp.tone('14155550100'), 'good', 'it is in use');
INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA1', 'app', 'masking', 'https://calls.example.com', '{}');
INSERT INTO masking.plivo_look (looked_at, prepaid, application) VALUES (now(), false, '{}');
INSERT INTO masking.plivo_seen (number, owner, voice, sms) SELECT e164, 'ours', true, false FROM masking.proxy_numbers WHERE number <> '14155550100';
SELECT is(pg_temp.tone('14155550100'), 'bad', 'a number that is gone from Plivo is no good one');
SELECT is(pg_temp.cell('14155550100', 3), 'in use; is no longer in the account, but in the pool', 'and says so');
SELECT is((SELECT p.key FROM masking.console_pool('anna', NULL) p WHERE p.link = 'pool_number' LIMIT 1), '14155550100', 'above all others');

-- Which orders does it concern, and what to do?
CREATE TEMP TABLE page AS SELECT p.*, row_number() OVER () AS place FROM masking.console_pool('anna', '+1 415-555-0100') p;
SELECT is((SELECT cells[1] FROM page WHERE part = 'head'), '14155550100', 'its own page is about it');
SELECT is((SELECT tone FROM page WHERE part = 'answer'), 'bad', 'says that it is ill');
SELECT ok((SELECT bool_or(cells[1] LIKE '%replace_number(''14155550100'')%') FROM page WHERE part = 'step'), 'and what to do');
SELECT is((SELECT count(*) FROM page WHERE part = 'row' AND link = 'order'), 50::bigint, 'it lists fifty orders');
SELECT is((SELECT cells[1] FROM page WHERE part = 'text' AND cells[1] LIKE 'And % more.'),
  format('And %s more.', pg_temp.cell('14155550100', 4)::integer - 50), 'and says how many more there are');
SELECT ok((SELECT bool_and(key IN (SELECT order_id FROM masking.live_routes() WHERE proxy = 14155550100)) FROM page WHERE part = 'row'), 'each of them on this number');
SELECT set_eq($$SELECT tests.ask_as('masking_support', 'SELECT order_id FROM masking.orders_on_number(''+1 415-555-0100'')')$$,
  $$SELECT DISTINCT order_id FROM masking.live_routes() WHERE proxy = 14155550100$$, 'support can ask the same in SQL');
SELECT is_empty($$SELECT * FROM masking.orders_on_number('14156660001')$$, 'a number of a party is none of ours');

SELECT is((SELECT cells[1] FROM masking.console_pool('anna', '14156660001') WHERE part = 'answer' LIMIT 1), 'That number is not in the pool.', 'nor has it a page');
SELECT is((SELECT cells[1] FROM masking.console_pool('anna', '14156660001') WHERE part = 'head'), '', 'or a heading');

SELECT * FROM finish();
