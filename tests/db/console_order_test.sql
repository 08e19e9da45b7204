-- The page of an order: what failed, blocks, its own calls first, who looked.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
SELECT tests.set('codes', 'true');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778'), ('B', '14156667777', '14156667779');
SELECT masking.issue_codes() >= 0;
CREATE FUNCTION pg_temp.page(wanted text) RETURNS TABLE (place bigint, section text, part text, tone text, link text, key text, cells text[])
LANGUAGE sql
AS $$
  SELECT p.place, max(p.cells[1]) FILTER (WHERE p.part = 'section') OVER (PARTITION BY p.sections), p.part, p.tone, p.link, p.key, p.cells
  FROM (SELECT *, count(*) FILTER (WHERE k.part = 'section') OVER (ORDER BY k.place) AS sections
    FROM masking.console_order('anna', wanted) WITH ORDINALITY AS k (part, tone, link, key, cells, place)) p
$$;
SELECT results_eq($$SELECT part, cells[1] FROM pg_temp.page('A') WHERE place <= 2$$, $$VALUES ('head', 'A'), ('form', '')$$, 'the page says which order it is about');
SELECT results_eq($$SELECT part, cells[1] FROM pg_temp.page('C') WHERE place <= 2$$, $$VALUES ('head', ''), ('form', '')$$, 'and does not print back what is none');
SELECT is_empty($$SELECT FROM pg_temp.page('A') WHERE part = 'answer' AND tone <> 'good'$$, 'nothing failed');

-- A busy customer: this order's own two calls stand before whatever else they tried, and those of a stranger by code are among them.
SELECT count(*) FROM tests.answer_calls('{own,stranger}', '{14156667778,14156660000}', ARRAY[14155550100, 14155550100], NULL, true);
SELECT count(*) FROM tests.answer_codes('{stranger}', '{14156660000}', '{14155550100}', '{1}', ARRAY[(SELECT agent_code FROM masking.orders WHERE order_id = 'A')]);
SELECT tests.tell('own', '{"dial_status": "failed", "callee_code": 2040}');
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, caller_hash, caller_digits)
SELECT 'wrong-' || g, now() + g * interval '1 microsecond', now(), 14155550101, 'other_number', masking.hash_if_keyed(14156667777), '77' FROM generate_series(1, 30) g;
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome)
VALUES ('sorry', now(), now(), 14155550100, 'apologised'), ('elsewhere', now(), now(), 14155550101, 'apologised');
UPDATE masking.orders SET placed_at = now() - interval '1 hour', recorded_at = now() - interval '1 hour';
SELECT results_eq($$SELECT key FROM pg_temp.page('A') WHERE section = 'Calls about this order' AND part = 'row' ORDER BY key$$, $$VALUES ('own'), ('stranger')$$, 'its own calls');
SELECT results_eq($$SELECT section, count(*) FROM pg_temp.page('A') WHERE section ~ '^Other calls' AND part = 'row' GROUP BY 1$$,
  $$VALUES ('Other calls of its people, while they could call by it, the latest 20', 20::bigint)$$, 'others after them, and that there are more');
SELECT ok(min(place) FILTER (WHERE section = 'Calls about this order') < min(place) FILTER (WHERE section ~ '^Other'), 'in this order') FROM pg_temp.page('A');
SELECT is((SELECT cells[2] || ': ' || cells[8] FROM pg_temp.page('A') WHERE key = 'stranger'), 'agent, by the order''s code: A', 'a stranger was the agent, by code');
SELECT results_eq($$SELECT key FROM pg_temp.page('A') WHERE section ~ '^Apologies' AND part = 'row'$$, $$VALUES ('sorry')$$, 'an apology on its number may have been theirs');
SELECT ok(EXISTS (SELECT FROM pg_temp.page('A') WHERE section ~ '^Apologies' AND tone = 'bad' AND cells[1] ~ '^The database was away from'), 'and it says when');
SELECT ok(EXISTS (SELECT FROM pg_temp.page('A') WHERE part = 'answer' AND tone = 'warn' AND cells[1] = 'The last call that failed: the caller''s order is on another number.' AND cells[2] ~ 'led to no order'),
  'what failed last');
DELETE FROM masking.calls WHERE call_uuid ~ '^wrong';
SELECT results_eq($$SELECT link, key, cells[1] FROM pg_temp.page('A') WHERE part = 'answer' AND tone = 'bad'$$,
  $$VALUES ('call', 'own', 'The last call that failed: the call could not be put through: the Plivo account may not call there: allow the country or number in Plivo''s console (2040).')$$, 'with its cause in words');
SELECT ok(min(place) FILTER (WHERE key = 'own' AND part = 'answer') < min(place) FILTER (WHERE cells[1] ~ 'reaches the'), 'before who reaches whom') FROM pg_temp.page('A');
SELECT tests.tell('stranger', '{"dial_status": "completed"}');
UPDATE masking.calls SET called_at = called_at - interval '1 minute' WHERE call_uuid = 'own';
SELECT results_eq($$SELECT tone FROM pg_temp.page('A') WHERE part = 'answer' AND key = 'own'$$, $$VALUES ('quiet')$$, 'quietly, once a call was answered');

-- Texts.
SELECT count(*) FROM tests.answer_messages('{t}', '{14156667777}', '{14155550100}', '{text}');
INSERT INTO masking.deliveries VALUES ('t', 1, 1, 'undelivered', 30, now());
SELECT ok(EXISTS (SELECT FROM pg_temp.page('A') WHERE part = 'answer' AND cells[1] = 'A text was not delivered: the carrier took it for spam (30).' AND cells[2] ~ '^Written by the customer'), 'a text that did not arrive, and why');

-- Blocks: of the order, of a person, and what is over.
INSERT INTO masking.order_blocks (order_id, side, reason) VALUES ('A', 'customer', 'shouts'), ('B', 'both', NULL);
SELECT masking.block_person('14156667778', 'asked for it', 'from') > 0;
SELECT results_eq($$SELECT cells[1], cells[2], cells[4] FROM pg_temp.page('A') WHERE section = 'Blocked' AND part = 'row' ORDER BY 1$$,
  $$VALUES ('calls and texts of the customer, on this order', 'shouts', session_user::text COLLATE "default"), ('the agent **78 calls and writes nobody, on any order', 'asked for it', session_user::text)$$,
  'what is blocked, why, by whom');
SELECT results_eq($$SELECT tests.ask_as('masking_support', 'SELECT reason FROM blocks_of_order(''A'') ORDER BY 1')$$, $$VALUES ('asked for it'), ('shouts')$$, 'also for support, in SQL');
DELETE FROM masking.order_blocks WHERE order_id = 'A';
SELECT masking.unblock_person('14156667778') > 0;
SELECT is_empty($$SELECT FROM pg_temp.page('A') WHERE section = 'Blocked'$$, 'taken back');
SELECT set_eq($$SELECT cells[2] FROM pg_temp.page('A') WHERE part = 'event' AND cells[2] ~ 'calls and texts'$$,
  ARRAY['Blocked: calls and texts of the customer, by ' || session_user || ': shouts.', 'No longer blocked: calls and texts of the customer, by ' || session_user || ': shouts.'],
  'the story still tells');

-- Who looked.
SELECT tests.run_as('masking_support', $$SELECT count(*) FROM explain('A')$$);
SELECT count(*) FROM masking.console_call('bert', 'own'), masking.console_calls('carl', NULL, NULL, 'A', NULL, NULL, NULL, NULL);
SELECT results_eq($$SELECT cells[1], cells[2] FROM pg_temp.page('A') WHERE section = 'Who looked at it' AND part = 'row' AND cells[1] <> 'anna' ORDER BY 2$$,
  $$VALUES ('bert', 'a call of it'), ('carl', 'the list of its calls'), (session_user::text COLLATE "default", 'who reaches whom (SQL)')$$, 'who looked at it, and at what');
SELECT ok((SELECT times > 5 FROM masking.looks_at_order('A') WHERE who = 'anna' AND looked_at = 'the order'), 'how often');
SELECT is((SELECT count(*) FROM tests.ask_as('masking_support', 'SELECT who FROM looks_at_order(''A'')')), 4::bigint, 'support may ask the same');
SELECT is_empty($$SELECT * FROM masking.looks_at_order('B')$$, 'who looked at one did not look at another');

-- An order that is over as somebody wanted is no alarm; one that nobody completed is rather one.
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'A';
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'B';
SELECT tests.pass('3 hours');
SELECT is_empty(format($$SELECT * FROM pg_temp.page(%L) p WHERE section = 'Who can call whom now' AND tone <> 'quiet' AND part = 'answer'$$, id), id || ' is over: quiet') FROM unnest(ARRAY['A', 'B']) id;
SELECT is_empty($$SELECT FROM pg_temp.page('B') WHERE part = 'event' AND tone = 'bad'$$, 'its story too');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('D', '14156661777', '14156661778');
SELECT tests.pass('13 hours');
SELECT is((SELECT min(tone) FROM pg_temp.page('D') WHERE section = 'Who can call whom now' AND part = 'answer'), 'warn', 'nobody completed it');
-- What they try after that is no call of the order's time.
SELECT count(*) FROM tests.answer_calls('{late}', '{14156661777}', ARRAY[14155550100]);
SELECT is_empty($$SELECT FROM pg_temp.page('D') WHERE key = 'late'$$, 'calls after its life and grace are not among its people''s');
-- Whose number Plivo took away.
INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA', '1', 'x', 'https://x', '{}');
INSERT INTO masking.plivo_look (looked_at, prepaid, application) VALUES (now(), false, '{}');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E', '14156662777', '14156662778');
SELECT ok(EXISTS (SELECT FROM pg_temp.page('E') WHERE part = 'fact' AND tone = 'bad' AND link = 'pool_number' AND cells[2] ~ '^1415555010. is no longer in the account'), 'a number that is gone is said');

SELECT is_empty($$SELECT * FROM pg_temp.page('A') p WHERE p::text ~ '1415666'$$, 'promise 1: no phone number of a party');
SELECT * FROM finish();
