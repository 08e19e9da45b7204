-- The order system's SQL as it comes from ORMs: what repeats what is there works, what would change
-- a column that is not theirs is refused with its name, never by a bare 42501.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
CREATE FUNCTION pg_temp.send(statement text) RETURNS text
LANGUAGE sql
AS $$ SELECT tests.ask_as('masking_orders', statement) $$;

SELECT is(pg_temp.send($$INSERT INTO orders (order_id, customer_number, agent_number, proxy_number) VALUES ('A', '14156667777', '14156667778', DEFAULT) RETURNING proxy_number$$),
  '14155550100', 'INSERT with DEFAULT for what is ours');
SELECT is(pg_temp.send($$INSERT INTO orders (order_id, customer_number, agent_number, proxy_number, masking, customer_code, agent_code,
    unmasked_since, unmasked_reason, customer_refused, customer_refused_digits, agent_refused, agent_refused_digits, routed_at, forgotten_at, recorded_at, placed_at)
  VALUES ('B', '14156667779', '14156667780', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) RETURNING proxy_number$$),
  '14155550100', 'with NULL, for every column');
SELECT is(pg_temp.send($$INSERT INTO orders (order_id, customer_number, agent_number, proxy_number) VALUES ('A', '14156667777', '14156669999', DEFAULT)
  ON CONFLICT (order_id) DO UPDATE SET order_id = EXCLUDED.order_id, customer_number = EXCLUDED.customer_number,
    agent_number = EXCLUDED.agent_number, proxy_number = EXCLUDED.proxy_number, placed_at = EXCLUDED.placed_at, recorded_at = EXCLUDED.recorded_at
  RETURNING proxy_number || ' ' || agent_number || ' ' || masking$$),
  '14155550100 14156669999 masked', 'an upsert that repeats the key, and everything else');
SELECT is(tests.reaches(14156667777, 14155550100), '14156669999', 'and swaps the agent');
SELECT is(pg_temp.send($$UPDATE orders SET agent_number = '14156667778', placed_at = placed_at, proxy_number = proxy_number, order_id = order_id,
    masking = masking, routed_at = routed_at, recorded_at = recorded_at, unmasked_since = unmasked_since
  WHERE order_id = 'A' RETURNING proxy_number$$), '14155550100', 'columns written with the value they have');
SELECT is(pg_temp.send($$UPDATE orders SET completed_at = now(), proxy_number = NULL WHERE order_id = 'A' RETURNING proxy_number$$), '14155550100',
  'NULL for what is ours leaves it as it is');
SELECT is(pg_temp.send($$UPDATE orders SET completed_at = NULL, proxy_number = DEFAULT, recorded_at = date_trunc('milliseconds', recorded_at)
  WHERE order_id = 'A' RETURNING proxy_number$$), '14155550100', 'so do DEFAULT, and times that were read in milliseconds');
CREATE TEMP TABLE before AS SELECT * FROM masking.orders;
SELECT is(pg_temp.send($$INSERT INTO orders (order_id, customer_number, agent_number, proxy_number, masking)
  VALUES ('A', '14156667777', '14156667778', '14155550100', 'masked') ON CONFLICT (order_id) DO UPDATE SET proxy_number = EXCLUDED.proxy_number RETURNING proxy_number$$),
  '14155550100', 'an upsert of a row that was read');
UPDATE before SET revision = revision + 1 WHERE order_id = 'A';
SELECT results_eq('SELECT * FROM masking.orders ORDER BY 1', 'SELECT * FROM before ORDER BY 1', 'and nothing is changed by it, but that it was written');
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id = 'A' AND NOT closed AND upper(live) > now()), 2::bigint, 'nor routed anew');
SELECT is(pg_temp.send($$UPDATE orders SET placed_at = now() - interval '1 day' WHERE order_id = 'A' RETURNING order_id$$), 'A', 'placed_at is theirs');

CREATE FUNCTION pg_temp.refused(statement text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  state text;
  said text;
  column_is text;
  detail text;
BEGIN
  PERFORM tests.run_as('masking_orders', statement);
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT, column_is = COLUMN_NAME, detail = PG_EXCEPTION_DETAIL;
  RETURN state || ' ' || column_is || CASE WHEN said || detail ~ '[0-9]{3}' THEN ' shows digits: ' || said || detail ELSE '' END;
END
$$;
SELECT is(pg_temp.refused(statement), 'MK013 ' || column_is, statement)
FROM (VALUES
  ($$UPDATE orders SET proxy_number = '14155550101' WHERE order_id = 'A'$$, 'proxy_number'),
  ($$UPDATE orders SET masking = 'masked' WHERE order_id = 'C'$$, 'masking'),
  ($$UPDATE orders SET order_id = 'Y' WHERE order_id = 'A'$$, 'order_id'),
  ($$UPDATE orders SET recorded_at = now() - interval '1 year' WHERE order_id = 'A'$$, 'recorded_at'),
  ($$INSERT INTO orders (order_id, customer_number, proxy_number) VALUES ('Z', '14156660001', '14155550100')$$, 'proxy_number'),
  ($$INSERT INTO orders (order_id, customer_number, recorded_at) VALUES ('Z', '14156660001', now() - interval '1 year')$$, 'recorded_at'),
  ($$INSERT INTO orders (order_id, customer_number, proxy_number) VALUES ('A', '14156667777', '14155550101') ON CONFLICT (order_id) DO UPDATE SET proxy_number = EXCLUDED.proxy_number$$, 'proxy_number'),
  ($$UPDATE order_phones SET number = '14156661002'$$, 'number'), ($$UPDATE order_phones SET side = 'agent'$$, 'side'),
  ($$UPDATE order_phones SET order_id = 'B'$$, 'order_id')
) AS v (statement, column_is)
CROSS JOIN LATERAL (
  SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number) VALUES ('C', '14156660009') ON CONFLICT DO NOTHING$$),
    tests.run_as('masking_orders', $$INSERT INTO order_phones (order_id, side, number, routed_since) VALUES ('A', 'customer', '14156661001', DEFAULT) ON CONFLICT DO NOTHING$$)
) placed
;
SELECT is_empty($$SELECT FROM masking.orders WHERE order_id = 'Z'$$, 'a refused order is not there');

-- A whole row that was read before the agent was swapped brings nobody back. The revision that stands there is compared with
-- the one that is stored; NULL says nothing about what was read, as does who leaves the column out.
SELECT is(pg_temp.send($$INSERT INTO orders (order_id, customer_number, agent_number, revision) VALUES ('R', '14156663001', '14156663002', 1) RETURNING revision::text$$), '1', 'a program that counts itself');
CREATE FUNCTION pg_temp.now_stored() RETURNS text
LANGUAGE plpgsql
AS $$ BEGIN RETURN (SELECT concat_ws(' ', o.revision, right(o.agent_number, 1)) FROM masking.orders o WHERE o.order_id = 'R'); END $$;
CREATE FUNCTION pg_temp.saved(revision text, agent text DEFAULT '14156663003') RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
  RETURN pg_temp.refused(format('UPDATE orders SET customer_number = ''14156663001'', agent_number = %L, completed_at = NULL, revision = %s WHERE order_id = ''R''', agent, revision))
    || ' ' || pg_temp.now_stored();
END
$$;
SELECT is(pg_temp.saved(v.revision, v.agent), v.becomes, format('revision %s, %s', v.revision, v.becomes))
FROM (VALUES ('1', '14156663003', 'done 2 3'), ('1', '14156663002', 'MK013 revision 2 3'), ('0', '14156663002', 'MK013 revision 2 3'),
  ('3', '14156663003', 'done 3 3'), ('2', '14156663002', 'MK013 revision 3 3'), ('5', '14156663002', 'MK013 revision 3 3'),
  ('-1', '14156663002', 'MK013 revision 3 3'), ('NULL', '14156663004', 'done 4 4'), ('DEFAULT', '14156663003', 'done 5 3'),
  ('revision', '14156663004', 'done 6 4'), ('revision + 1', '14156663003', 'done 7 3')) AS v (revision, agent, becomes);
SELECT is(tests.reaches(14156663002, 14155550100), 'order_over', 'who was swapped reaches nobody');
SELECT is(pg_temp.refused(format($$INSERT INTO orders (order_id, customer_number, agent_number, revision) VALUES ('R', '14156663001', '14156663003', %s) %s$$, v.revision, v.conflict))
    || ' ' || pg_temp.now_stored(), v.becomes, format('an upsert: revision %s, %s', v.revision, v.conflict))
FROM (VALUES
  ('NULL', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number, revision = EXCLUDED.revision', 'done 8 3'),
  ('8', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number, revision = EXCLUDED.revision', 'done 9 3'),
  ('10', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number, revision = EXCLUDED.revision', 'done 10 3'),
  ('8', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number, revision = EXCLUDED.revision', 'MK013 revision 10 3'),
  ('1', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number', 'done 11 3'),
  ('8', 'ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number', 'MK013 revision 11 3'),
  ('1', 'ON CONFLICT DO NOTHING', 'done 11 3')) AS v (revision, conflict, becomes);
-- Only what the order system writes counts: assign_pending, codes, blocks, retention and owners change the rest of a row.
UPDATE masking.settings SET is_on = true WHERE name = 'codes';
SELECT masking.issue_codes();
SELECT isnt((SELECT o.customer_code FROM masking.orders o WHERE o.order_id = 'R'), NULL, 'a code');
SELECT tests.run_as('masking_orders', $$INSERT INTO order_blocks (order_id, side) VALUES ('R', 'customer')$$);
SELECT tests.run_as('masking_orders', $$INSERT INTO order_phones (order_id, side, number) VALUES ('R', 'customer', '14156663005')$$);
SELECT tests.run_as('masking_orders', $$DELETE FROM order_phones WHERE order_id = 'R'$$);
UPDATE masking.proxy_numbers SET enabled = false;
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number, revision) VALUES ('W', '14156663006', '14156663007', 0)$$);
UPDATE masking.proxy_numbers SET enabled = true;
SELECT isnt_empty('SELECT FROM masking.assign_pending()', 'an order gets a number later');
UPDATE masking.orders SET recorded_at = recorded_at WHERE order_id IN ('R', 'W');
SELECT is(string_agg(o.revision::text, ' ' ORDER BY o.order_id), '11 0', 'none of it is a write of theirs, and who counts from 0 does so') FROM masking.orders o WHERE o.order_id IN ('R', 'W');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'R';
UPDATE masking.orders SET cancelled_at = NULL, revision = NULL WHERE order_id = 'R';
SELECT is(pg_temp.saved('11'), 'MK013 revision 13 3', 'what an owner writes for the order system counts');
SELECT throws_ok($$UPDATE masking.orders SET agent_number = '14156663002', revision = 11 WHERE order_id = 'R'$$, 'MK013', NULL, 'and owners, too, say so what they read');
SELECT is(pg_temp.saved('14'), 'done 14 3', 'as the order system does');
UPDATE masking.settings SET is_on = false WHERE name = 'codes';
SELECT tests.run_as('masking_orders', $$DELETE FROM orders WHERE order_id IN ('R', 'W')$$);
SELECT is(pg_temp.refused($$INSERT INTO orders (order_id, customer_number, agent_number, revision) VALUES ('R', '14156663001', '14156663003', 13)
  ON CONFLICT (order_id) DO UPDATE SET revision = EXCLUDED.revision$$), 'MK013 revision', 'a row of a deleted order does not bring it back');
-- Nor is an order that was deleted and placed anew the one that was read.
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('R', '14156663001', '14156663002')$$);
CREATE TEMP TABLE read AS SELECT revision FROM masking.orders WHERE order_id = 'R';
SELECT tests.run_as('masking_orders', $$DELETE FROM orders WHERE order_id = 'R'$$);
SELECT is(pg_temp.refused(format($$INSERT INTO orders (order_id, customer_number, agent_number, revision) VALUES ('R', '14156663001', '14156663002', %s)$$, revision)),
  'MK013 revision', 'as Django does where an UPDATE finds no row') FROM read;
SELECT tests.run_as('masking_orders', $$INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('R', '14156663001', '14156663003')$$);
SELECT is(pg_temp.refused(format($$UPDATE orders SET agent_number = '14156663002', revision = %s WHERE order_id = 'R'$$, revision)), 'MK013 revision', 'and as it does then') FROM read;
SELECT tests.run_as('masking_orders', $$DELETE FROM orders WHERE order_id = 'R'$$);
SELECT is(pg_temp.send($$UPDATE orders SET proxy_number = '', masking = '', customer_code = '' WHERE order_id = 'A' RETURNING proxy_number$$), '14155550100', ''''' is as NULL');

-- Further phones.
SELECT is(tests.reaches(14156661001, 14155550100), '14156667778', 'a further phone');
SELECT lives_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', statement), statement)
FROM unnest(ARRAY[
  $$UPDATE order_phones SET number = '+1 415 666 1001', side = side, order_id = order_id, routed_since = routed_since$$,
  $$INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '+1 415 666 1001')
    ON CONFLICT (order_id, side, number) DO UPDATE SET number = EXCLUDED.number, routed_since = EXCLUDED.routed_since$$
]) statement;
SELECT is(tests.reaches(14156661001, 14155550100), '14156667778', 'still reaches the agent');
SELECT is((SELECT count(*) FROM masking.order_phones WHERE routed_since IS NOT NULL), 1::bigint, 'and is there once');
SELECT is(pg_temp.refused(format('INSERT INTO order_phones (order_id, side, number) VALUES (%s)', row_values)), refused, 'further phone ' || row_values)
FROM (VALUES ($$'A', NULL, '14166612345'$$, 'MK005 side'), ($$'A', 'boss', '14166612345'$$, 'MK005 side'),
  ($$NULL, 'agent', '14166612345'$$, 'MK005 order_id'), ($$'A', 'agent', NULL$$, 'MK001 number')) AS v (row_values, refused);

-- Every column that the order system may write is its own, by this list, or guarded: to change it is MK013, and what
-- an INSERT brings is not what is stored.
INSERT INTO masking.order_blocks (order_id, side) VALUES ('A', 'agent');
CREATE FUNCTION pg_temp.takes(what text, column_is text, kind text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  value CONSTANT text := CASE kind WHEN 'timestamp with time zone' THEN '2020-01-01 00:00+00' ELSE '42' END;
  key CONSTANT text := CASE what WHEN 'orders' THEN 'order_id, customer_number' WHEN 'order_phones' THEN 'order_id, side, number' ELSE 'order_id, side' END;
  row_values CONSTANT text := CASE what WHEN 'orders' THEN $v$'NEW', '14156662001'$v$ WHEN 'order_phones' THEN $v$'A', 'customer', '14156662002'$v$ ELSE $v$'A', 'customer'$v$ END;
BEGIN
  RETURN concat_ws(', ', pg_temp.refused(format('UPDATE %I SET %I = %L', what, column_is, value)),
    pg_temp.refused(format('INSERT INTO %I (%s, %I) VALUES (%s, %L)', what, key, column_is, row_values, value)));
END
$$;
SELECT is(pg_temp.takes(c.table_name, c.column_name, c.data_type), format('MK013 %1$s, MK013 %1$s', c.column_name), c.table_name || '.' || c.column_name || ' is ours')
FROM information_schema.columns c
WHERE c.table_schema = 'masking' AND c.table_name <> 'call_requests' -- a view, which requests_test.sql has
  AND (c.table_name || '.' || c.column_name) <> ALL (ARRAY[
    'orders.order_id', 'orders.customer_number', 'orders.agent_number', 'orders.placed_at', 'orders.completed_at', 'orders.cancelled_at', 'orders.spoken',
    'order_phones.order_id', 'order_phones.side', 'order_phones.number', 'order_blocks.order_id', 'order_blocks.side', 'order_blocks.reason'])
  AND has_column_privilege('masking_orders', format('masking.%I', c.table_name), c.column_name, 'INSERT, UPDATE');
SELECT is(pg_temp.refused(statement), 'done', statement)
FROM unnest(ARRAY['UPDATE order_blocks SET blocked_at = blocked_at', 'UPDATE order_blocks SET blocked_at = DEFAULT', 'UPDATE order_blocks SET blocked_at = NULL, reason = ''x''',
  'INSERT INTO order_blocks SELECT * FROM order_blocks ON CONFLICT (order_id, side) DO UPDATE SET reason = EXCLUDED.reason, blocked_at = EXCLUDED.blocked_at',
  'INSERT INTO order_phones SELECT * FROM order_phones ON CONFLICT (order_id, side, number) DO UPDATE SET routed_since = EXCLUDED.routed_since',
  'UPDATE order_phones SET routed_since = date_trunc(''milliseconds'', routed_since), phone = NULL', 'UPDATE order_phones SET routed_since = NULL']) statement;
SELECT is((SELECT count(*) FROM masking.order_blocks b, masking.order_phones p WHERE blocked_at <= now() AND routed_since <= clock_timestamp() AND phone = 14156661001), 1::bigint,
  'what repeats a row leaves it as it is');
UPDATE masking.order_blocks SET blocked_at = now() - interval '1 day';
SELECT is(pg_temp.refused($$UPDATE order_blocks SET side = 'both', blocked_at = blocked_at$$), 'done', 'a block that is made another''s');
SELECT cmp_ok((SELECT blocked_at FROM masking.order_blocks), '>', now() - interval '1 hour', 'begins anew');
DELETE FROM masking.order_blocks;

-- The owner, and what acts for the owner, may.
SELECT lives_ok($$UPDATE masking.orders SET recorded_at = recorded_at - interval '1 day'$$, 'the owner is not guarded against himself');

SELECT * FROM finish();
