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
SELECT results_eq('SELECT * FROM masking.orders ORDER BY 1', 'SELECT * FROM before ORDER BY 1', 'and nothing is changed by it');
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
  ($$UPDATE orders SET customer_code = '12345' WHERE order_id = 'A'$$, 'customer_code'),
  ($$UPDATE orders SET agent_code = '12345' WHERE order_id = 'A'$$, 'agent_code'),
  ($$UPDATE orders SET unmasked_since = now() WHERE order_id = 'A'$$, 'unmasked_since'),
  ($$UPDATE orders SET unmasked_reason = 'x' WHERE order_id = 'A'$$, 'unmasked_reason'),
  ($$UPDATE orders SET customer_refused = 'x' WHERE order_id = 'A'$$, 'customer_refused'),
  ($$UPDATE orders SET customer_refused_digits = '12' WHERE order_id = 'A'$$, 'customer_refused_digits'),
  ($$UPDATE orders SET agent_refused = 'x' WHERE order_id = 'A'$$, 'agent_refused'),
  ($$UPDATE orders SET agent_refused_digits = '12' WHERE order_id = 'A'$$, 'agent_refused_digits'),
  ($$UPDATE orders SET routed_at = now() - interval '1 year' WHERE order_id = 'A'$$, 'routed_at'),
  ($$UPDATE orders SET forgotten_at = now() WHERE order_id = 'A'$$, 'forgotten_at'),
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

-- The owner, and what acts for the owner, may.
SELECT lives_ok($$UPDATE masking.orders SET recorded_at = recorded_at - interval '1 day'$$, 'the owner is not guarded against himself');

SELECT * FROM finish();
