-- A number is replaced: its orders get another one, and it connects beside that until it would have ended.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) SELECT (14155550100 + n)::text FROM generate_series(1, 3) n;
CREATE FUNCTION pg_temp.place(id text, customer bigint, agent bigint) RETURNS text LANGUAGE sql AS $$
  INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES (id, customer::text, agent::text)
  RETURNING proxy_number
$$;
CREATE FUNCTION pg_temp.number(id text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(proxy_number, masking) FROM masking.orders WHERE order_id = id
$$;
-- The server's next pieces, until there is no more to do: orders, and their numbers as they are then.
CREATE FUNCTION pg_temp.serve() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  served text;
  all_served text := '';
BEGIN
  LOOP
    SELECT string_agg(a.order_id || ' ' || a.proxy_number, ', ' ORDER BY a.order_id COLLATE "C") INTO served FROM masking.assign_pending() a;
    EXIT WHEN served IS NULL;
    all_served := all_served || CASE all_served WHEN '' THEN '' ELSE ', ' END || served;
  END LOOP;
  RETURN all_served;
END
$$;
-- Half a minute passes for the looks.
CREATE FUNCTION pg_temp.look_again() RETURNS text LANGUAGE sql AS $$
  UPDATE masking.replacements SET looked_at = looked_at - interval '31 seconds';
  SELECT pg_temp.serve()
$$;
CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s moved, %s waiting, %s left%s', moved, waiting, remaining,
    CASE WHEN stopped THEN ', stopped' WHEN finished_at IS NOT NULL THEN ', finished' ELSE '' END), '; ' ORDER BY number)
  FROM masking.replacements
$$;
CREATE FUNCTION pg_temp.ends(id text, on_number text) RETURNS SETOF timestamptz LANGUAGE sql AS $$
  SELECT DISTINCT upper(live) FROM masking.routes r WHERE order_id = id AND proxy = on_number::bigint AND masking.is_live(live, closed)
$$;

SELECT throws_like($$SELECT masking.replace_number('+1 415 555 0199')$$, 'number: "**99" is not in the pool', 'what is not in the pool cannot be replaced');
SELECT throws_ok($$SELECT masking.replace_number('none')$$, 'MK001', NULL, 'nor what is no number');
SELECT throws_ok('SELECT masking.replace_number(NULL)', 'MK001', NULL, 'nor nothing');
SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', role, $$SELECT replace_number('14155550101')$$), '42501', NULL, 'nor by ' || role)
FROM unnest('{masking_orders,masking_server,masking_plivo,masking_console,masking_support}'::text[]) role;

-- One order, its further phone, and what happens to it afterwards.
SELECT tests.set('codes', 'true');
UPDATE masking.proxy_numbers SET enabled = number = '14155550101';
SELECT pg_temp.place('A', 14156660001, 14156667001) AS old \gset
UPDATE masking.proxy_numbers SET enabled = true;
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'customer', '14156660009');
SELECT pg_temp.place('over', 14156660002, 14156667002) AS other \gset
UPDATE masking.orders SET completed_at = now() - interval '2 hours' WHERE order_id = 'over';
SELECT tests.pass('1 hour');
SELECT is(masking.replace_number('+' || :'old'), 1, 'its live orders are counted');
SELECT is((SELECT enabled FROM masking.proxy_numbers WHERE number = :'old'), false, 'it is disabled');
SELECT is(pg_temp.told(), '0 moved, 0 waiting, 1 left', 'and what is left can be looked at');
SELECT results_eq('SELECT who FROM masking.replacements', 'SELECT session_user::text COLLATE "C"', 'with who asked');
SELECT is(pg_temp.serve(), 'A ' || pg_temp.number('A'), 'the servers give the order another one, as they do those who wait');
SELECT isnt(pg_temp.number('A'), :'old', 'which is another one');
SELECT is(pg_temp.told(), '1 moved, 0 waiting, 0 left', 'and is counted');
SELECT is(tests.reaches(caller, dialled::bigint), reached, format('%s reaches %s on %s', caller, reached, dialled))
FROM (VALUES (14156660001, '14156667001'), (14156667001, '14156660001'), (14156660009, '14156667001')) v (caller, reached)
CROSS JOIN unnest(ARRAY[:'old', pg_temp.number('A')]) dialled;
SELECT results_eq(format('SELECT pg_temp.ends(%L, %L)', 'A', pg_temp.number('A')), format('SELECT pg_temp.ends(%L, %L)', 'A', :'old'),
  'both numbers connect until the order''s end');
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id = 'A' AND NOT former AND began < lower(live) - interval '59 minutes'), 3::bigint,
  'and since when these people were connected is known');
SELECT is((SELECT count(DISTINCT code) || ' on ' || count(DISTINCT proxy) FROM masking.codes c WHERE side = 'customer' AND order_id = 'A' AND masking.is_live(live, closed)), '1 on 2',
  'the code is good on both');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');
SELECT ok(words ~ format('^The number %s was replaced by %s, and still connects until ', :'old', pg_temp.number('A')), 'the order''s story tells it')
FROM masking.order_story('A') WHERE words ~ 'replaced';
SELECT is((SELECT count(*) FROM masking.explained_sides('A') WHERE details ~ 'until that was replaced'), 3::bigint, 'and support reads which number is which');

SELECT pg_temp.number('A') AS new \gset
SELECT tests.set('codes', 'false');
SELECT number AS third FROM masking.proxy_numbers WHERE number NOT IN (:'old', :'new') \gset
SELECT results_eq(format($$SELECT words FROM masking.explain_route('14156660001', '%s')$$, :'third'),
  format($$VALUES ('not connected: order A: on another number, **%s; not on this one; this party was never on this number')$$, right(:'new', 2)),
  'who dials a third number is told of the new one alone');
SELECT results_eq(format($$SELECT key FROM masking.console_why('anna', '14156660001', '%s', NULL) WHERE part = 'step' AND link = 'number'$$, :'third'),
  format('VALUES (%L)', :'new'), 'and is to dial that');
SELECT matches((SELECT words FROM masking.explain_route('14156660001', :'third', now() - interval '30 minutes')),
  format('on another number, [*]{2}%s; not on this one; this', right(:'old', 2)), 'half an hour ago it was the old one');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('A', 'customer');
SELECT is(tests.reaches(14156660001, dialled::bigint), 'blocked', 'a block holds on ' || dialled) FROM unnest(ARRAY[:'old', :'new']) dialled;
DELETE FROM masking.order_blocks;
SELECT is(tests.reaches(14156660001, dialled::bigint), '14156667001', 'and lifted on ' || dialled) FROM unnest(ARRAY[:'old', :'new']) dialled;
SELECT is((SELECT count(*) FROM masking.routes WHERE order_id = 'A' AND former AND masking.is_live(live, closed)), 3::bigint, 'what is former stays so');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'agent', '14156667009');
SELECT is(tests.reaches(14156667009, :new), '14156660001', 'a phone that is added later reaches on the order''s number');
DELETE FROM masking.order_phones WHERE order_id = 'A' AND number = '14156660009';
SELECT isnt(tests.reaches(14156660009, dialled::bigint), '14156667001', 'a phone that is removed reaches nobody on ' || dialled) FROM unnest(ARRAY[:'old', :'new']) dialled;
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'A';
SELECT results_eq(format('SELECT count(*) FROM pg_temp.ends(%L, %L)', 'A', dialled), 'VALUES (2::bigint)', 'completed, each side has its grace time on ' || dialled)
FROM unnest(ARRAY[:'old', :'new']) dialled;
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'A';
SELECT is(pg_temp.number('A'), :'new', 'reopened, it keeps its number');
SELECT ok((SELECT max(e) FROM pg_temp.ends('A', :'old') e) < (SELECT max(e) FROM pg_temp.ends('A', :'new') e) - interval '10 hours', 'which lasts anew; the old one does not');
UPDATE masking.orders SET agent_number = '14156667003' WHERE order_id = 'A';
SELECT is(tests.reaches(14156660001, :old), 'other_number', 'the agent swapped: nobody is reached on the old number');
SELECT is(tests.reaches(14156660001, pg_temp.number('A')::bigint), '14156667003', 'but on the new');
SELECT isnt(pg_temp.number('A'), :'old', 'and no order gets the old one');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT is_empty($$SELECT FROM masking.routes r WHERE order_id = 'A' AND masking.is_live(live, closed)$$, 'cancelled: nothing connects');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');

-- When it is done.
SELECT is(pg_temp.told(), '1 moved, 0 waiting, 0 left', 'it goes on while an order may come');
SELECT is(pg_temp.look_again(), '', 'half a minute later');
SELECT is(pg_temp.told(), '1 moved, 0 waiting, 0 left', 'transactions are noted that may have chosen the number');
UPDATE masking.replacements SET settles_at = '9000000000000';
SELECT is(pg_temp.look_again(), '', 'a number of another PostgreSQL, from which all was restored,');
SELECT is(pg_temp.told(), '1 moved, 0 waiting, 0 left', 'has to be noted anew');
SELECT is(pg_temp.look_again(), '', 'and when those have ended');
SELECT is(pg_temp.told(), '1 moved, 0 waiting, 0 left, finished', 'it is finished');
SELECT is_empty('SELECT * FROM masking.replacement_orders', 'no list is left');
SELECT is(masking.replace_number(:'old'), 0, 'asked again');
SELECT is(pg_temp.look_again() || pg_temp.told(), '0 moved, 0 waiting, 0 left', 'it notes them anew');
SELECT is(pg_temp.look_again() || pg_temp.told(), '0 moved, 0 waiting, 0 left, finished', 'and is finished again');
DELETE FROM masking.orders;
SELECT tests.pass('3 days');
DELETE FROM masking.proxy_numbers WHERE number = :'old';
SELECT is_empty('SELECT * FROM masking.replacements', 'what leaves the pool is not kept');

-- Nobody is free: it waits as any order does, and what is written meanwhile keeps the old number's routes.
UPDATE masking.proxy_numbers SET enabled = number = '14155550103';
SELECT is(pg_temp.place('W', 14156660011, 14156667011), '14155550103', 'the only number');
SELECT is(masking.replace_number('14155550103'), 1, 'is replaced');
SELECT is(pg_temp.serve(), '', 'nobody gets another one');
SELECT is(pg_temp.number('W'), 'waiting', 'the order waits');
SELECT is(pg_temp.told(), '0 moved, 1 waiting, 0 left', 'and is counted so');
SELECT is(tests.reaches(14156660011, 14155550103), '14156667011', 'its people reach each other on the old one');
SELECT ok(words ~ '^The number 14155550103 was replaced, and still connects until ', 'the order''s story tells it')
FROM masking.order_story('W') WHERE words ~ 'replaced';
SELECT is((SELECT count(*) FROM masking.explained_sides('W') WHERE details ~ 'by dialling 14155550103 .*; it waits for another one'), 2::bigint, 'and support reads that it waits');
UPDATE masking.orders SET placed_at = placed_at WHERE order_id = 'W';
UPDATE masking.orders SET completed_at = now() + interval '2 hours' WHERE order_id = 'W';
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'W';
SELECT is(tests.reaches(14156667011, 14155550103), '14156660011', 'also after it was written');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');
SELECT is(pg_temp.look_again() || pg_temp.look_again() || pg_temp.look_again() || pg_temp.told(), '0 moved, 1 waiting, 0 left', 'while it waits nothing is finished');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = '14155550102';
SELECT is(pg_temp.serve(), 'W 14155550102', 'a number is enabled: it is served');
SELECT is(tests.reaches(14156660011, dialled), '14156667011', 'and reached on ' || dialled) FROM unnest(ARRAY[14155550102, 14155550103]) dialled;
SELECT is(pg_temp.look_again() || pg_temp.look_again() || pg_temp.told(), '0 moved, 0 waiting, 0 left, finished', 'and that was all');

-- The new number is replaced as well, and the first is enabled again. (A block came and went between.)
INSERT INTO masking.order_blocks (order_id, side) VALUES ('W', 'agent');
DELETE FROM masking.order_blocks WHERE order_id = 'W';
SELECT is(masking.replace_number('14155550102'), 1, 'the new number is lost too');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = '14155550103';
SELECT is((SELECT stopped FROM masking.replacements WHERE number = 14155550103), true, 'what is enabled is replaced no more');
SELECT is(pg_temp.serve(), 'W 14155550103', 'and may be had again');
SELECT results_eq($$SELECT happened_at, split_part(words, ',', 1) FROM masking.order_story('W') WHERE words ~ 'was replaced'$$,
  $$SELECT min(lower(r.live)), format('The number %s was replaced by %s', v.old, v.new) FROM (VALUES (14155550103, 14155550102), (14155550102, 14155550103)) v (old, new)
    JOIN masking.routes r ON r.order_id = 'W' AND r.proxy = v.new AND (v.new = 14155550102 OR NOT r.former) GROUP BY v.old, v.new ORDER BY 1$$,
  'the story has each, and when');
SELECT is(tests.reaches(14156660011, dialled), '14156667011', 'reached on ' || dialled) FROM unnest(ARRAY[14155550102, 14155550103]) dialled;
SELECT is((SELECT order_ids FROM masking.calls ORDER BY called_at DESC, answered_at DESC LIMIT 1), '{W}', 'by one order, named once');
UPDATE masking.orders SET placed_at = placed_at WHERE order_id = 'W';
SELECT is(pg_temp.number('W'), '14155550103', 'it stays there');
UPDATE masking.replacements SET stopped = false, finished_at = NULL WHERE number = 14155550103;
SELECT is(pg_temp.look_again(), '', 'also where an owner had its replacement go on');
UPDATE masking.replacements SET stopped = true WHERE number = 14155550103;
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');
DELETE FROM masking.orders;
SELECT is_empty($$SELECT FROM masking.routes WHERE masking.is_live(live, closed)$$, 'deleted: nothing connects');
SELECT tests.pass('3 days');

-- Stopped, and asked again; orders that are written before their turn.
UPDATE masking.proxy_numbers SET enabled = number = '14155550102';
SELECT pg_temp.place('S' || n, 14156660020 + n, 14156667020 + n) FROM generate_series(1, 4) n;
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'S4';
UPDATE masking.proxy_numbers SET enabled = true;
SELECT is(masking.replace_number('14155550102'), 4, 'four are live');
UPDATE masking.replacements SET stopped = true WHERE number = 14155550102;
SELECT is(pg_temp.serve(), '', 'stopped, none is moved');
SELECT is(pg_temp.look_again(), '', 'nor is any looked for');
SELECT is_empty('SELECT * FROM masking.replacement_orders', 'and no list is kept');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'S4';
SELECT is(pg_temp.number('S4'), '14155550102', 'an order keeps its number, as on one that is disabled');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'S4';
SELECT is(masking.replace_number('14155550102'), 4, 'asked again it goes on');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'S1';
SELECT is(pg_temp.number('S1'), '14155550102', 'what wants no more than it has waits for its turn');
UPDATE masking.orders SET agent_number = '14156667030' WHERE order_id = 'S2';
SELECT isnt(pg_temp.number('S2'), '14155550102', 'what wants a number gets another one at once');
UPDATE masking.orders SET completed_at = NULL WHERE order_id = 'S4';
SELECT isnt(pg_temp.number('S4'), '14155550102', 'and what is reopened');
SELECT is(tests.reaches(14156660024, 14155550102), '14156667024', 'which connects on the old one as well');
SELECT is((SELECT count(*) FROM masking.assign_pending(1)), 1::bigint, 'the others get one, too: no more than is asked for');
SELECT is((SELECT count(*) FROM masking.assign_pending()), 1::bigint, 'then the rest');
SELECT results_eq('SELECT moved, waiting, remaining FROM masking.replacements WHERE number = 14155550102', 'VALUES (2, 0, 0)', 'and those alone are counted');
SELECT is_empty('SELECT * FROM masking.orders_out_of_step', 'all is in step');

-- With any_number, who dials a third number is shown as the order's, once.
SELECT tests.set('any_number', 'true');
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14155550104', false);
SELECT results_eq($$SELECT shows::text, counterpart FROM tests.answer_calls('{fourth}', '{14156660023}', '{14155550104}')$$,
  $$SELECT proxy_number, 14156667023 FROM masking.orders WHERE order_id = 'S3'$$, 'whoever dials a third number is shown as the order''s present one');
SELECT is((SELECT order_ids FROM masking.calls WHERE call_uuid = 'fourth'), '{S3}', 'and the order is on record once');
SELECT tests.set('any_number', 'false');

-- An order never fails for it.
UPDATE masking.proxy_numbers SET enabled = number = '14155550103';
SELECT tests.set('refuse_unmasked', 'true');
DELETE FROM masking.orders;
SELECT tests.pass('3 days');
SELECT pg_temp.place('R', 14156660031, 14156667031);
SELECT is(masking.replace_number('14155550103'), 1, 'with refuse_unmasked');
SELECT lives_ok($$UPDATE masking.orders SET completed_at = now() WHERE order_id = 'R'$$, 'it is completed');
SELECT is(pg_temp.serve() || pg_temp.number('R'), 'waiting', 'and waits, as it cannot be refused any more');
UPDATE masking.replacements SET stopped = true;
SELECT is(pg_temp.serve() || pg_temp.number('R'), 'waiting', 'stopped, the number is one that is disabled: it brings back no order that left it');
UPDATE masking.replacements SET stopped = false WHERE number = 14155550103;

-- The console.
SELECT ok(EXISTS (SELECT FROM masking.console_pool('anna', NULL) p WHERE p.part = 'row' AND p.cells[3] = 'going on' AND p.cells[1] = '14155550103' AND p.cells[5] = '1'),
  'the console''s Pool shows it');
SELECT ok(EXISTS (SELECT FROM masking.console_pool('anna', NULL) p WHERE p.part = 'row' AND p.cells[3] = 'replaced' AND p.cells[1] = '14155550103'), 'and which number it is');
SELECT results_eq($$SELECT s FROM masking.order_steps('R') s$$, $$VALUES
  (masking.next_step('no number serves them')),
  ('Both should dial 14155550103, as far as it still rings, from the phone of the order. Somebody calls from another phone? Ask Why with that number.'),
  ('A call that is not on this page did not reach us: another number was dialled, or the number is no longer attached to the application at Plivo (see Pool).')$$,
  'support reads what to do about an order that waits for another number');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = '14155550103';
SELECT ok(EXISTS (SELECT FROM masking.console_pool('anna', NULL) p WHERE p.part = 'row' AND p.tone = 'good' AND p.cells[3] = 'in use again' AND p.cells[1] = '14155550103' AND p.cells[5] = '0'),
  'and a number that is enabled again is no trouble');

-- An order that is over before its turn.
SELECT tests.set('refuse_unmasked', 'false');
UPDATE masking.proxy_numbers SET enabled = number = '14155550102';
SELECT is(pg_temp.place('E', 14156660041, 14156667041), '14155550102', 'an order');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = '14155550104';
SELECT is(masking.replace_number('14155550102'), 1, 'is to be moved');
SELECT tests.pass('1 day');
SELECT is(pg_temp.serve() || pg_temp.number('E'), '14155550102', 'over by then, it keeps the number that it had');
SELECT is(remaining, 0, 'and is left alone') FROM masking.replacements WHERE number = 14155550102;

SELECT * FROM finish();
