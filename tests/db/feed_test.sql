-- The feed: what is told, when, and how often. feed_test.py has its order.
SELECT no_plan();

-- What was told since this was asked last, a line each.
CREATE TEMP TABLE reader AS SELECT 0::bigint AS position;
CREATE FUNCTION pg_temp.news(longest_call double precision DEFAULT 3600) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
  row masking.feed;
BEGIN
  PERFORM masking.feed_run(longest_call);
  FOR row IN SELECT * FROM masking.feed_after((SELECT position FROM reader)) LOOP
    UPDATE reader SET position = row.position;
    RETURN NEXT concat_ws(' ', row.kind, row.what, array_to_string(row.order_ids, '+'), row.side, row.proxy_number,
      'was ' || row.former_number, CASE row.answered WHEN true THEN 'answered' WHEN false THEN 'unanswered' END, row.seconds || 's', row.uuid);
  END LOOP;
END
$$;
-- The ten seconds in which the other events of a call's end come.
CREATE FUNCTION pg_temp.settle() RETURNS void LANGUAGE sql AS $$
  UPDATE masking.feed_inbox SET happened_at = happened_at - interval '10 seconds'
$$;

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('quiet', '14156660001', '14156660002');
SELECT tests.reaches(14156660001, 14155550100);
SELECT is_empty('SELECT * FROM masking.feed_inbox', 'a feed that is off hears nothing');
SELECT is_empty('SELECT pg_temp.news()', 'and tells nothing');

SELECT * FROM tests.answer_messages('{quiet}', '{14156660001}', '{14155550100}', '{media}');
SELECT is_empty('SELECT * FROM masking.feed_inbox', 'nor of texts');

-- Numbers.
SELECT tests.set('feed_numbers', 'true');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('A', '14156667777');
SELECT is_empty('SELECT pg_temp.news()', 'an order without an agent has no number');
UPDATE masking.orders SET agent_number = '14156667778' WHERE order_id = 'A';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number masked A 14155550100')$$, 'a number came');
UPDATE masking.orders SET agent_number = '14156667779' WHERE order_id = 'A';
SELECT is_empty('SELECT pg_temp.news()', 'an agent was swapped, the number is the same');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156660003', '14156667779');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number waiting B')$$, 'an order waits for a number');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550101');
SELECT masking.assign_pending();
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number masked B 14155550101')$$, 'a number was added, and the feed says so');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'A';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number none A was 14155550100')$$, 'a cancelled order has none');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778') ON CONFLICT DO NOTHING;
SELECT is_empty('SELECT pg_temp.news()', 'an order that was not placed is not told');
DELETE FROM masking.orders WHERE order_id IN ('A', 'B');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number none B was 14155550101')$$, 'nor is it told that nothing is gone');
SELECT tests.set('feed_numbers', 'false');

-- Calls.
DELETE FROM masking.proxy_numbers WHERE number = '14155550101';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('C', '14156660005', '14156660006');
SELECT tests.set('feed_calls', 'true');
SELECT * FROM tests.answer_calls('{busy,talk,twice,stranger}', '{14156660005,14156660006,14156660005,14156669999}',
  '{14155550100,14155550100,14155550100,14155550100}');
SELECT tests.tell(u, '{"caller_ended": 1, "caller_seconds": 2}') FROM unnest('{busy,stranger}'::text[]) u;
SELECT is_empty('SELECT pg_temp.news()', 'the other events of the end may still come');
SELECT tests.tell('busy', '{"dial_status": "busy", "dial_rang": 0}');
SELECT is((SELECT count(*) FROM masking.feed_inbox), 1::bigint, 'an end is noted once, and of a stranger not');
SELECT is((SELECT value FROM masking.feed_gauges()), 0::double precision, 'what is not due does not wait');
SELECT pg_temp.settle();
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('call busy C customer 14155550100 unanswered 0s busy')$$, 'who called, and why not');
SELECT tests.tell('busy', '{"callee_ended": 1}');
SELECT pg_temp.settle();
SELECT is_empty('SELECT pg_temp.news()', 'a late event tells no call again');
SELECT tests.tell('talk', '{"callee_answered": 1, "callee_ended": 1, "callee_seconds": 42}');
SELECT tests.tell('twice', '{"dial_status": "no-answer"}');
SELECT tests.tell('twice', '{"dial_status": "no-answer"}');
SELECT pg_temp.settle();
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('call answered C agent 14155550100 answered 42s talk'),
  ('call no-answer C customer 14155550100 unanswered 0s twice')$$, 'a call is told once, also when the end is told twice');
SELECT * FROM tests.answer_calls('{lost}', '{14156660005}', '{14155550100}');
SELECT * FROM tests.answer_calls('{nobody}', '{14156669999}', '{14155550100}');
SELECT is_empty('SELECT pg_temp.news()', 'a call goes on');
SELECT tests.pass('59 minutes');
UPDATE masking.feed_counter SET swept_to = swept_to - interval '59 minutes';
SELECT is_empty('SELECT pg_temp.news()', 'as long as it may last');
SELECT tests.pass('2 minutes');
UPDATE masking.feed_counter SET swept_to = swept_to - interval '2 minutes';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('call no end told C customer 14155550100 lost')$$, 'then it is told that no end was');
SELECT tests.tell('lost', '{"caller_ended": 1}');
SELECT pg_temp.settle();
SELECT is_empty('SELECT pg_temp.news()', 'an end that is told after that is too late');
SELECT tests.tell('early', '{"dial_status": "no-answer", "caller_ended": 1}');
SELECT pg_temp.settle();
SELECT is_empty('SELECT pg_temp.news()', 'nobody knows yet what a call was about');
SELECT * FROM tests.answer_calls('{early}', '{14156660006}', '{14155550100}');
SELECT pg_temp.settle();
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('call no-answer C agent 14155550100 unanswered 0s early')$$, 'events may overtake their call, however far');
SELECT * FROM tests.answer_calls('{removed}', '{14156660006}', '{14155550100}');
SELECT tests.tell('removed', '{"caller_ended": 1}');
DELETE FROM masking.calls WHERE call_uuid = 'removed';
SELECT pg_temp.settle();
SELECT is_empty('SELECT pg_temp.news()', 'of a call that is no longer on record nothing is told');
SELECT * FROM tests.answer_calls('{lost1,lost2}', '{14156660005,14156660006}', '{14155550100,14155550100}');
UPDATE masking.calls SET called_at = now() - interval '3620 seconds' WHERE call_uuid ~ '^lost[12]';
UPDATE masking.feed_counter SET swept_to = now() - interval '3630 seconds';
SELECT masking.feed_run(3600, 1) FROM generate_series(1, 20);
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('call no end told C customer 14155550100 lost1'), ('call no end told C agent 14155550100 lost2')$$,
  'of two calls of one moment both are told, however few a run looks at');
SELECT tests.set('feed_calls', 'false');
SELECT pg_temp.news();
SELECT tests.reaches(14156660005, 14155550100);
SELECT tests.pass('2 hours');
SELECT tests.set('feed_calls', 'true');
SELECT is_empty('SELECT pg_temp.news()', 'what came before it was switched on is not told');

-- Blocks.
SELECT tests.set('feed_blocks', 'true');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('C', 'both');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked C customer'), ('block blocked C agent')$$, 'a block is told for each side');
DELETE FROM masking.order_blocks WHERE side = 'both';
SELECT masking.block_person('14156660006', NULL, 'from');
SELECT results_eq('SELECT pg_temp.news()',
  $$VALUES ('block unblocked C customer'), ('block unblocked C agent'), ('block blocked C agent')$$, 'so is that of a person');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('D', '14156660004', '14156660006');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked D agent')$$, 'and an order that begins so');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'D';
SELECT is_empty('SELECT pg_temp.news()', 'once');
SELECT masking.unblock_person('14156660006');
SELECT set_eq('SELECT pg_temp.news()', $$VALUES ('block unblocked C agent'), ('block unblocked D agent')$$, 'until the block is lifted');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('S', '14156660008', '14156660009');
SELECT masking.block_person('14156660009', NULL, 'from');
UPDATE masking.orders SET agent_number = '14156660010' WHERE order_id = 'S';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked S agent'), ('block unblocked S agent')$$, 'or somebody else is the agent');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('S', 'customer');
UPDATE masking.orders SET agent_number = '14156660009' WHERE order_id = 'S';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked S customer'), ('block blocked S agent')$$, 'who stays blocked is not told again');
DELETE FROM masking.orders WHERE order_id = 'S';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('P', '14156660013', '14156660014');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('P', 'agent', '14156660015');
SELECT masking.block_person('14156660015', NULL, 'from');
UPDATE masking.orders SET customer_number = '14156660016' WHERE order_id = 'P';
SELECT is_empty('SELECT pg_temp.news()', 'a side is its main phone');
DELETE FROM masking.orders WHERE order_id = 'P';

-- Texts.
SELECT tests.set('feed_texts', 'true');
SELECT * FROM tests.answer_messages('{t1,t2,t3,t4}', '{14156660005,14156660005,14156660006,14156669999}',
  '{14155550100,14155550100,14155550100,14155550100}', '{text,media,help,text}');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('text media C customer 14155550100 t2')$$, 'a picture was not sent on; nobody sees a difference in the others');
SELECT masking.record_deliveries('{t1,t1}', '{1,2}', '{2,2}', '{sent,failed}', '{0,30}');
SELECT masking.record_deliveries('{t1}', '{1}', '{2}', '{undelivered}', '{0}');
SELECT masking.record_deliveries('{t1}', '{2}', '{2}', '{failed}', '{30}');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('text failed C customer 14155550100 t1')$$, 'a text of two parts that both failed');
SELECT masking.record_deliveries('{t1}', '{2}', '{2}', '{rejected}', '{200}');
SELECT is_empty('SELECT pg_temp.news()', 'is told once');
SELECT masking.record_deliveries('{t4}', '{1}', '{1}', '{failed}', '{30}');
SELECT is_empty('SELECT pg_temp.news()', 'one that is about no order is not told');
SELECT * FROM tests.answer_messages('{t5}', '{14156660005}', '{14155550100}', '{text}');
SELECT masking.record_deliveries('{t5}', '{1}', '{1}', '{rejected}', '{200}');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('text opted_out C customer 14155550100 t5')$$, 'who receives it sent STOP');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('C', 'customer');
SELECT * FROM tests.answer_messages('{t6}', '{14156660005}', '{14155550100}', '{text}');
DELETE FROM masking.order_blocks;
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked C customer'), ('text blocked C customer 14155550100 t6'), ('block unblocked C customer')$$, 'a text of who is blocked');

-- What a reader is told of positions.
CREATE TEMP VIEW answer AS SELECT kind, f.position = (SELECT position FROM reader) AS is_last
FROM reader, LATERAL masking.feed_after(reader.position) f;
SELECT is_empty('SELECT * FROM masking.feed_after((SELECT position FROM reader))', 'nothing after the last');
SELECT results_eq('SELECT kind FROM masking.feed_after((SELECT position + 1 FROM reader))', $$VALUES ('reset')$$, 'a position above the last is of another life');
SELECT results_eq('SELECT kind FROM masking.feed_after(1)', $$VALUES ('reset')$$, 'and so is one that no row ever had');
SELECT is((SELECT count(*) FROM masking.feed_after(NULL)), (SELECT count(*) FROM masking.feed), 'without one all is told that is kept');
SELECT is((SELECT count(*) FROM masking.feed_after(0, 3)), 3::bigint, 'or so much of it');
SELECT is((SELECT count(*) FROM masking.feed_after(0, 0)), 1::bigint, 'one at least');
SELECT is((SELECT max(position) - min(position) + 1 FROM masking.feed), (SELECT count(*) FROM masking.feed), 'positions have no gap');
UPDATE masking.feed SET told_at = told_at - interval '8 days' WHERE position IN (SELECT position FROM masking.feed ORDER BY position LIMIT 5);
CREATE TEMP TABLE old AS SELECT * FROM masking.feed ORDER BY position LIMIT 6;
SELECT tests.set('keep_feed', '0');
SELECT is(masking.remove_feed(5), 0, 'for ever is for ever');
SELECT tests.set('keep_feed', '7 days');
SELECT is((SELECT removed FROM masking.retention_run()), 5, 'what was told over a week ago goes');
SELECT results_eq('SELECT kind, f.position, happened_at FROM masking.feed_after((SELECT min(position) FROM old)) f',
  'SELECT ''behind'', position, told_at FROM old ORDER BY position LIMIT 1 OFFSET 4', 'who fell behind hears it, and since when');
SELECT results_eq('SELECT f.position FROM masking.feed_after((SELECT position FROM old ORDER BY position LIMIT 1 OFFSET 4), 1) f',
  'SELECT max(position) FROM old', 'and goes on there');
SELECT results_eq('SELECT f.position FROM masking.feed_after(0, 1) f', 'SELECT max(position) FROM old', 'a new reader hears nothing of that');
CREATE TEMP TABLE before AS SELECT * FROM masking.feed_counter;
UPDATE masking.feed_counter SET life = 'of a database that was lost';
SELECT tests.set('feed_numbers', 'true');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'C';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number none C was 14155550100')$$, 'another life goes on after the last position that is left');
SELECT ok(f.position > 1000000000 + b.position, 'but far ahead of it') FROM before b, (SELECT max(position) AS position FROM masking.feed) f;
SELECT results_eq('SELECT kind FROM masking.feed_after((SELECT position + 1 FROM before))', $$VALUES ('reset')$$, 'where nobody is whose rows were lost');
SELECT results_eq(
  'SELECT what FROM masking.feed_after((SELECT f.position FROM masking.feed_after((SELECT position + 1 FROM before)) f))',
  $$VALUES ('none')$$, 'and who hears that reads on with what was told since');
SELECT is((SELECT happened_at FROM masking.feed_after((SELECT position + 1 FROM before))), (SELECT life_began_at FROM masking.feed_counter), 'since when');
SELECT ok((SELECT c.life_began_at > b.life_began_at FROM masking.feed_counter c, before b), 'that life began');
UPDATE masking.feed_counter SET life = 'of a database whose rows were moved here, where ids begin again',
  settled_id = 1000000, probe_id = 1000000, probe_xid = '3';
SELECT pg_temp.news() FROM generate_series(1, 3);
UPDATE masking.orders SET cancelled_at = NULL WHERE order_id = 'C';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number masked C 14155550100')$$, 'what has a lower id than was settled in another life is told');
SELECT masking.feed_life() AS life \gset
VACUUM FULL masking.feed_counter;
SELECT isnt(masking.feed_life(), :'life', 'rows that were written into another table are of another life');
SELECT pg_temp.news();
SET synchronous_commit = off;
BEGIN;
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'C';
SELECT is(masking.feed_run(3600), 1, 'a database that does not wait for its disk');
SELECT is(current_setting('synchronous_commit'), 'local', 'does for the feed: a position that was seen is not given again after a crash');
COMMIT;
RESET synchronous_commit;
SELECT pg_temp.news();

-- All that was told is removed, and another life begins: a reader who had seen it all lacks nothing.
UPDATE masking.feed SET told_at = told_at - interval '8 days';
SELECT masking.remove_feed(1000);
SELECT is_empty('SELECT * FROM masking.feed', 'a quiet week');
UPDATE masking.feed_counter SET life = 'of a PostgreSQL that was started anew';
UPDATE masking.orders SET cancelled_at = NULL WHERE order_id = 'C';
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('number masked C 14155550100')$$, 'who had seen all before it goes on');
INSERT INTO masking.feed_inbox (kind, what, order_ids) SELECT 'number', 'none', '{many}' FROM generate_series(1, 1001);
SELECT masking.feed_run(3600, 2000);
SELECT is((SELECT count(*) FROM masking.feed_after(0, 2000)), 1000::bigint, 'a thousand rows at most');
SELECT pg_temp.news() FROM generate_series(1, 11);

-- Blocks, while a number is replaced.
SELECT tests.set('feed_numbers', 'false');
DELETE FROM masking.orders;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('M', '14156660017', '14156660018');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('M', 'customer');
SELECT masking.replace_number(proxy_number) FROM masking.orders;
SELECT is((SELECT count(*) FROM masking.assign_pending()), 1::bigint, 'an order gets another number');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked M customer')$$, 'who stays blocked there is not told again');
SELECT tests.set('longest_life', '24 hours');
SELECT masking.replace_number(proxy_number) FROM masking.orders;
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550109');
SELECT is((SELECT count(*) FROM masking.assign_pending()), 1::bigint, 'nor with another number');
SELECT is_empty('SELECT pg_temp.news()', 'on which orders live for longer by now');
SELECT tests.set('longest_life', '12 hours');
UPDATE masking.proxy_numbers SET enabled = false;
SELECT proxy_number AS lost FROM masking.orders \gset
SELECT masking.replace_number(:'lost');
SELECT masking.assign_pending();
SELECT is((SELECT masking FROM masking.orders), 'waiting', 'then none is free');
UPDATE masking.proxy_numbers SET enabled = true WHERE number = :'lost';
INSERT INTO masking.order_blocks (order_id, side) VALUES ('M', 'agent');
SELECT is((SELECT proxy_number FROM masking.orders), :'lost', 'until the first rings again');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked M agent')$$, 'who is blocked by that is told, and nobody else');
DELETE FROM masking.orders;
UPDATE masking.proxy_numbers SET enabled = true;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N', '14156660017', '14156660018');
SELECT tests.set('longest_life', '24 hours');
SELECT is(masking.block_person('14156660017', NULL, 'from'), 1, 'a block may come as routes are renewed');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block blocked N customer')$$, 'it is told');
SELECT tests.set('longest_life', '36 hours');
SELECT masking.unblock_person('14156660017');
SELECT results_eq('SELECT pg_temp.news()', $$VALUES ('block unblocked N customer')$$, 'and that it is gone');
SELECT tests.set('longest_life', '12 hours');
DELETE FROM masking.orders;

-- A clock that was set back.
SELECT tests.set('feed_numbers', 'false');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E', '14156660011', '14156660012');
SELECT * FROM tests.answer_calls('{ahead}', '{14156660011}', ARRAY[(SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'E')]);
SELECT tests.tell('ahead', '{"caller_ended": 1}');
UPDATE masking.feed_inbox SET happened_at = now() + interval '1 hour';
SELECT is((SELECT value FROM masking.feed_gauges()), 0::double precision, 'nothing waits for less than no time');
SELECT results_eq($$SELECT regexp_replace(pg_temp.news(), '1415555010[0-9]', 'P')$$, $$VALUES ('call ended E customer P unanswered 0s ahead')$$, 'what happens in an hour was written before the clock was set back');
UPDATE masking.feed_counter SET swept_to = now() + interval '1 year';
SELECT tests.answer_calls('{open}', '{14156660011}', ARRAY[(SELECT proxy_number::bigint FROM masking.orders WHERE order_id = 'E')]);
SELECT tests.tell('open', '{"caller_ended": 1}');
SELECT pg_temp.settle();
SELECT pg_temp.news();
SELECT ok((SELECT swept_to <= now() FROM masking.feed_counter), 'calls whose end is not told are looked for again, not in a year');

SELECT is((SELECT value FROM masking.feed_gauges()), 0::double precision, 'nothing waits');
SELECT ok(EXISTS (SELECT FROM masking.gauges() WHERE name = 'feed_waiting_seconds'), 'and servers tell so');
INSERT INTO masking.feed_inbox (kind, what, order_ids, happened_at) VALUES ('number', 'none', '{F}', now() - interval '70 seconds');
SELECT is((SELECT round(value) FROM masking.feed_gauges()), 70::double precision, 'how long something has waited for its position');

BEGIN;
DELETE FROM masking.feed_counter;
SELECT throws_ok('SELECT masking.feed_run(3600)', 'P0002', NULL, 'a counter that is lost is an error, not the end of all news');
ROLLBACK;

SELECT is_empty($$SELECT f::text FROM masking.feed f WHERE f::text ~ '1415666[0-9]{4}'$$, 'promise 1: the feed has no phone number of a party');
SELECT throws_ok($$SELECT tests.run_as('masking_orders', 'SELECT masking.feed_run(1)')$$, '42501', NULL, 'only a server numbers');
SELECT lives_ok($$SELECT tests.run_as('masking_orders', 'SELECT * FROM feed_after(0)')$$, 'the order system reads');

SELECT * FROM finish();
