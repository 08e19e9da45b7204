-- Text messages: the same routes, each sentence once an hour, no loops, the same answer again.
SELECT no_plan();

CREATE FUNCTION pg_temp.send(uuid text, sender bigint, dialled bigint, kind text DEFAULT 'text') RETURNS text
LANGUAGE sql
AS $$
  SELECT outcome || coalesce(' ' || counterpart, '') || CASE WHEN say IS NULL THEN '' ELSE ' says' END
  FROM tests.answer_messages(ARRAY[uuid], ARRAY[sender], ARRAY[dialled], ARRAY[kind])
$$;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');

SELECT is(pg_temp.send('m1', 14156667777, 14155550100), 'forwarded 14156667778', 'a customer reaches the agent');
SELECT is(pg_temp.send('m2', 14156667778, 14155550100), 'forwarded 14156667777', 'and the agent the customer');
SELECT is(pg_temp.send('m1', 14156667777, 14155550100), 'forwarded 14156667778', 'the same message again gets the same answer');
SELECT is(pg_temp.send('i-' || kind, 14156667777, 14155550100, kind), kind, kind || ' is not forwarded')
FROM unnest(ARRAY['optout', 'optin', 'help', 'intent', 'empty']) kind;
SELECT is(pg_temp.send('p1', 14156667777, 14155550100, 'media'), 'media says', 'a picture is not forwarded, and its sender told');
SELECT is(pg_temp.send('p2', 14156667777, 14155550100, 'media'), 'media', 'once an hour');
SELECT is(pg_temp.send('p3', 14156667777, 14155550100, 'text_and_media'), 'forwarded 14156667778', 'a text with a picture is forwarded');
SELECT is(pg_temp.send('p4', 14156667778, 14155550100, 'text_and_media'), 'forwarded 14156667777 says', 'and its sender told');
SELECT is(pg_temp.send('p4', 14156667778, 14155550100, 'text_and_media'), 'forwarded 14156667777 says', 'when it comes again, again');
SELECT is(pg_temp.send('p5', 14156669999, 14155550100, 'media'), 'unknown_sender says', 'a stranger''s picture has no other side either');

SELECT is(pg_temp.send('s1', 14156660000, 14155550100), 'unknown_sender says', 'a stranger is told');
SELECT is(pg_temp.send('s2', 14156660000, 14155550100), 'unknown_sender_quiet', 'once');
SELECT is(pg_temp.send('s3', 14156660000, 14155550199), 'unknown_sender_quiet', 'whatever number he writes to');
SELECT is(pg_temp.send('s1', 14156660000, 14155550100), 'unknown_sender says', 'the message that was answered is answered again');
SELECT is(pg_temp.send('s2', 14156660000, 14155550100), 'unknown_sender_quiet', 'and the one that was not is not');
SELECT is(pg_temp.send('s4', 14156660001, 14155550100), 'unknown_sender says', 'another stranger is told too');
UPDATE masking.told_senders SET told_at = told_at - interval '59 minutes';
SELECT is(pg_temp.send('s5', 14156660000, 14155550100), 'unknown_sender_quiet', 'still nothing after 59 minutes');
UPDATE masking.told_senders SET told_at = told_at - interval '2 minutes';
SELECT is(pg_temp.send('s6', 14156660000, 14155550100), 'unknown_sender says', 'after an hour he is told again');
SELECT is(pg_temp.send('s6', 14156660000, 14155550100), 'unknown_sender says', 'and when that comes again, again');
SELECT is((SELECT count(*) FROM masking.told_senders), 1::bigint, 'the others are forgotten by then');
SELECT is(pg_temp.send('p6', 14156667778, 14155550100, 'text_and_video'), 'forwarded 14156667777 says', 'so it is with a video');
SELECT is(pg_temp.send('p7', 14156667778, 14155550100, 'place'), 'place says', 'and with a place alone');

-- STOP, and what the other side learns.
SELECT is(pg_temp.send('o1', 14156667778, 14155550100, 'optout'), 'optout', 'the agent sends STOP');
SELECT is(pg_temp.send('o2', 14156667777, 14155550100), 'opted_out says', 'a text to him is not forwarded, and its sender is told');
SELECT is(pg_temp.send('o3', 14156667777, 14155550100), 'opted_out', 'once an hour');
SELECT is(pg_temp.send('o2', 14156667777, 14155550100), 'opted_out says', 'the one that was answered is answered again');
SELECT is(pg_temp.send('o4', 14156667778, 14155550100), 'forwarded 14156667777', 'he himself may write');
SELECT is(pg_temp.send('o5', 14156667778, 14155550100, 'start'), 'optin', 'he sends START');
SELECT is(pg_temp.send('o6', 14156667777, 14155550100), 'forwarded 14156667778', 'and gets texts again');
SELECT is(pg_temp.send('o1', 14156667778, 14155550100, 'optout'), 'optout', 'the old STOP comes again');
SELECT is(pg_temp.send('o7', 14156667777, 14155550100), 'forwarded 14156667778', 'and is nothing new');
SELECT is(pg_temp.send('o8', 14156667778, 14155550100, 'start'), 'forwarded 14156667777', 'START of somebody who never stopped is a text');
SELECT is_empty($$SELECT FROM masking.opted_out$$, 'nobody is left in opted_out');
SELECT is(pg_temp.send('o9', 14156667777, 14155550100, 'stop'), 'optout says', 'STOP that Plivo did not tell of: the customer learns what it did');
SELECT is(pg_temp.send('o9', 14156667777, 14155550100, 'stop'), 'optout says', 'when it comes again, again');
SELECT is(pg_temp.send('o10', 14156667778, 14155550100), 'opted_out says', 'it counts');
SELECT is(pg_temp.send('o11', 14156667777, 14155550100, 'stop'), 'optout', 'and is told once an hour');
SELECT is(pg_temp.send('o12', 14156667777, 14155550100, 'start'), 'optin', 'START ends it');
SELECT is(pg_temp.send('o13', 447700900998, 14155550100, 'stop'), 'unknown_sender says', 'of a number abroad it is a text');
SELECT is(pg_temp.send('s7', 14156660002, 14155550100, 'optout'), 'optout', 'a stranger who opts out is told nothing');
SELECT results_eq(
  $$SELECT place, outcome FROM tests.answer_messages('{b3,b1,b2}', '{14156660009,14156660009,14156660009}',
    '{14155550100,14155550100,14155550100}', '{text,text,text}') ORDER BY place$$,
  $$VALUES (1, 'unknown_sender_quiet'), (2, 'unknown_sender'), (3, 'unknown_sender_quiet')$$,
  'once also within one batch');

-- A number in national form, to which nothing can be sent: nobody is told, and the record does not say so.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('F', '+44 7700 900123', '+44 7700 900124');
SELECT is(pg_temp.send('f1', -7700900999, 442071838750), 'unknown_sender_quiet', 'a stranger in national form is told nothing');
SELECT is(pg_temp.send('f2', 447700900999, 442071838750), 'unknown_sender says', 'nor does that count as if he had been');
SELECT is(pg_temp.send('f5', 447700900123, 442071838750, 'stop'), 'forwarded 447700900124', 'STOP outside North America is a text');
SELECT is(pg_temp.send('f6', -7700900123, 442071838750, 'stop'), 'forwarded 447700900124', 'however the number is written');
SELECT is(pg_temp.send('f3', -7700900123, 442071838750, 'text_and_media'), 'forwarded 447700900124', 'a party''s text is sent on');
SELECT is(pg_temp.send('f4', 9876543210, 912240001234), 'unknown_sender_quiet', 'nor a stranger whose network leaves out the zero too');
SELECT is_empty($$SELECT FROM masking.messages WHERE message_uuid IN ('f1', 'f3', 'f4') AND told IS NOT NULL$$, 'and no record says that its writer was told of the picture');

SELECT is(pg_temp.send('n1', NULL, 14155550100), 'no_sender', 'a sender without a number is not answered');
SELECT is(pg_temp.send('n2', 14156667777, NULL), 'bad_number', 'nor one who wrote to none');
SELECT is(pg_temp.send('n3', 14155550100, 14155550100), 'from_proxy', 'nor a number that writes to itself');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
SELECT is(pg_temp.send('n4', 14155550101, 14155550100), 'from_proxy', 'nor one number of the pool that writes to another');

SELECT is(pg_temp.send('a1', 14156667777, 14155550100, 'apologised'), 'apologised', 'what could not be sent is on record');
SELECT lives_ok($$SELECT pg_temp.send('m1', 14156667777, 14155550100, 'apologised')$$, 'a late apology of another ask');
SELECT is((SELECT outcome FROM masking.messages WHERE message_uuid = 'm1'), 'forwarded', 'never overwrites what was sent');
SELECT is((SELECT count(*) FROM masking.messages WHERE order_ids = '{A}' AND side = 'customer'), 17::bigint,
  'promise 4: each is on record with its order');

-- What was answered is answered alike, but to nobody whom it would not reach now; what was apologised for is decided anew.
SELECT is(pg_temp.send('m1', 14156667777, 14155550100), 'forwarded 14156667778', 'a text that comes again goes where it went');
UPDATE masking.orders SET agent_number = '14156667779' WHERE order_id = 'A';
SELECT is(pg_temp.send('m1', 14156667777, 14155550100), 'unknown_sender_quiet', 'not to an agent who was swapped, nor to another one');
SELECT is(pg_temp.send('a1', 14156667777, 14155550100), 'forwarded 14156667779', 'one that was apologised for is forwarded now');
SELECT is(pg_temp.send('m1', 14156660000, 14155550100), 'unknown_sender_quiet', 'nobody else gets the other side by its id');

-- What Plivo tells of it.
SELECT masking.record_deliveries('{m1,m1,m1,m2,s1,gone}', '{1,1,2,1,1,1}', '{2,2,2,1,1,1}', '{sent,delivered,sent,failed,sent,sent}', '{0,0,0,200,0,0}');
SELECT results_eq($$SELECT message_uuid, part, status, error_code FROM masking.deliveries ORDER BY 1, 2$$,
  $$VALUES ('m1' COLLATE "C", 1, 'delivered', NULL::integer), ('m1', 2, 'sent', NULL), ('m2', 1, 'failed', 200)$$,
  'of each that went out the status furthest on is kept');
SELECT masking.record_deliveries('{m1}', '{1}', '{2}', '{queued}', '{0}');
SELECT is((SELECT status FROM masking.deliveries WHERE message_uuid = 'm1' AND part = 1), 'delivered', 'a late one takes nothing back');
SELECT results_eq($$SELECT concat_ws(' | ', message_uuid, order_id, writer, outcome, delivery) COLLATE "C" FROM masking.message_log WHERE message_uuid IN ('m1', 'm2', 'o2') ORDER BY 1$$,
  $$VALUES ('m1 | A | customer | forwarded | on its way' COLLATE "C"), ('m2 | A | agent | forwarded | not delivered: the other side takes no texts (STOP)'),
    ('o2 | A | customer | not forwarded: the other side takes no texts (STOP); the writer was told so')$$, 'support reads it in words');
SELECT masking.record_deliveries('{m1}', '{2}', '{2}', '{delivered}', '{0}');
SELECT is((SELECT delivery FROM masking.message_log WHERE message_uuid = 'm1'), 'delivered', 'once all of them are');
-- Of one part each way of ending, whatever comes late.
CREATE FUNCTION pg_temp.told(statuses text[], error_code integer DEFAULT 0) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM masking.deliveries WHERE message_uuid = 'm2';
  PERFORM masking.record_deliveries('{m2}', '{1}', '{1}', ARRAY[s], ARRAY[error_code]) FROM unnest(statuses) s;
  RETURN (SELECT delivery FROM masking.message_log WHERE message_uuid = 'm2');
END
$$;
SELECT is(pg_temp.told('{queued,sent}'), 'on its way', 'sent');
UPDATE masking.deliveries SET told_at = now() - interval '25 hours' WHERE message_uuid = 'm2';
SELECT is((SELECT delivery FROM masking.message_log WHERE message_uuid = 'm2'), 'sent; whether it arrived was not told', 'no longer, after a day');
SELECT is(pg_temp.told('{queued,rejected,sent}'), 'not delivered', 'rejected');
SELECT is(pg_temp.told('{sent,rejected}', 450), 'not delivered: the Plivo account may not write to that country: allow it in Plivo''s console (450)', 'rejected, and why');
SELECT is(pg_temp.told('{sent,other,queued}'), 'not known: Plivo told a status that is new here', 'a status that is new here');
SELECT is(pg_temp.told('{other,sent}', 30), 'not delivered: the carrier took it for spam (30)', 'with an error it says that it failed');
SELECT is(pg_temp.told('{other,delivered}'), 'delivered', 'until one tells more');
DELETE FROM masking.messages WHERE message_uuid = 'm1';
SELECT is((SELECT count(*) FROM masking.deliveries), 1::bigint, 'it goes with its message');

-- Two phones that answer each other.
UPDATE masking.messages SET received_at = received_at - interval '2 minutes';
SELECT is((SELECT count(*) FROM (SELECT pg_temp.send('w' || n, 14156667777, 14155550100) AS kinds FROM generate_series(1, 40) n) w
  WHERE kinds LIKE 'forwarded%'), 40::bigint, 'somebody who writes a lot is no machine');
UPDATE masking.messages SET received_at = received_at - interval '2 minutes';
SELECT is((SELECT string_agg(DISTINCT kinds, ',' ORDER BY kinds) FROM (
    SELECT pg_temp.send('z' || n, CASE n % 2 WHEN 0 THEN 14156667777 ELSE 14156667779 END, 14155550100) AS kinds FROM generate_series(1, 20) n) z),
  'forwarded 14156667777,forwarded 14156667779', 'twenty texts pass within a minute');
SELECT is(pg_temp.send('z21', 14156667779, 14155550100), 'too_many says', 'the next one does not, and its sender is told');
SELECT is(pg_temp.send('z22', 14156667777, 14155550100), 'too_many says', 'so is the other');
SELECT is(pg_temp.send('z23', 14156667779, 14155550100), 'too_many', 'once: it ends');
UPDATE masking.messages SET received_at = received_at - interval '1 minute';
SELECT is(pg_temp.send('z24', 14156667779, 14155550100), 'forwarded 14156667777', 'a minute later texts pass again');
UPDATE masking.messages SET received_at = received_at + interval '1 hour';
SELECT is(pg_temp.send('z25', 14156667779, 14155550100), 'forwarded 14156667777', 'also by a clock that was set back since');
SELECT tests.set('texts_per_minute', '0');
SELECT is((SELECT count(*) FROM (SELECT pg_temp.send('y' || n, 14156667777, 14155550100) AS kinds FROM generate_series(1, 40) n) y
  WHERE kinds LIKE 'forwarded%'), 40::bigint, '0: any number');

-- Told again after the way was closed, by whatever: nothing is sent, and that ask's record says so.
CREATE TEMP TABLE closings (name text, statements text[], expected text);
INSERT INTO closings VALUES
  ('a swap', '{"UPDATE orders SET agent_number = ''14156660073'' WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('no agent', '{"UPDATE orders SET agent_number = NULL WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('the sender''s number corrected', '{"UPDATE orders SET customer_number = ''14156660073'' WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('cancelled', '{"UPDATE orders SET cancelled_at = now() WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('over', '{"UPDATE orders SET completed_at = now() - interval ''2 hours'' WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('deleted', '{"DELETE FROM orders WHERE order_id = ''R''"}', 'unknown_sender_quiet'),
  ('forgotten', '{"UPDATE orders SET cancelled_at = now() WHERE order_id = ''R''","SELECT erase_person(''14156660071'')"}', 'unknown_sender_quiet'),
  ('blocked', '{"INSERT INTO order_blocks (order_id, side) VALUES (''R'', ''customer'')"}', 'blocked'),
  ('a person blocked', '{"SELECT block_person(''14156660072'')"}', 'blocked'),
  ('a prefix', '{"INSERT INTO dial_prefixes VALUES (''14156660072'', false)"}', 'blocked'),
  ('STOP', '{"SELECT note_wish(14156660072, (SELECT proxy_number::bigint FROM orders WHERE order_id = ''R''), ''optout'')"}', 'unknown_sender_quiet'),
  ('blocked, and not any more', '{"SELECT block_person(''14156660072'')","SELECT unblock_person(''14156660072'')"}', 'forwarded 14156660072'),
  ('cancelled and taken back', '{"UPDATE orders SET cancelled_at = now() WHERE order_id = ''R''","UPDATE orders SET cancelled_at = NULL WHERE order_id = ''R''"}', 'forwarded 14156660072'),
  ('nothing', '{}', 'forwarded 14156660072');
CREATE FUNCTION pg_temp.again_after(name text, statements text[]) RETURNS text
LANGUAGE plpgsql
SET search_path = masking, pg_temp, public
AS $$
DECLARE
  proxy bigint;
  statement text;
  heard text;
  uuid CONSTANT text := 'again after ' || name;
BEGIN
  INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('R', '14156660071', '14156660072')
  RETURNING proxy_number::bigint INTO proxy;
  IF pg_temp.send(uuid, 14156660071, proxy) <> 'forwarded 14156660072' THEN
    RETURN 'not sent at all';
  END IF;
  FOREACH statement IN ARRAY statements LOOP
    EXECUTE statement;
  END LOOP;
  heard := pg_temp.send(uuid, 14156660071, proxy);
  DELETE FROM orders WHERE order_id = 'R';
  DELETE FROM blocked_people;
  DELETE FROM dial_prefixes;
  DELETE FROM opted_out;
  RETURN heard;
END
$$;
SELECT is(pg_temp.again_after(name, statements), expected, 'told again after: ' || name) FROM closings;
SELECT is((SELECT string_agg(concat_ws(' ', m.outcome, m.repeats, m.earlier_outcomes -> 0 ->> 'outcome'), ', ' ORDER BY c.ctid)
    FROM masking.messages m JOIN closings c ON m.message_uuid = 'again after ' || c.name WHERE c.name IN ('a swap', 'blocked', 'nothing')),
  'forwarded 1 unknown_sender_quiet, forwarded 1 blocked, forwarded 1 forwarded', 'promise 4: it was sent once, and what the other ask got is on record');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('R', '14156660071', '14156660072');
SELECT is((SELECT outcome FROM masking.answer_messages('{r}', '{14156660071}', ARRAY[o.proxy_number::bigint], '{text}', '{7001}')), 'forwarded', 'of two asks')
FROM masking.orders o WHERE o.order_id = 'R';
INSERT INTO masking.order_blocks (order_id, side) VALUES ('R', 'customer');
SELECT is((SELECT string_agg(a.outcome, ' ' ORDER BY a.place) FROM masking.answer_messages('{r,r,r,r}', array_fill(14156660071, '{4}'),
    array_fill(o.proxy_number::bigint, '{4}'), array_fill('text'::text, '{4}'), '{7001,7002,7001,7002}') a),
  'forwarded blocked forwarded blocked', 'each gets what it got, however often its server asks the database')
FROM masking.orders o WHERE o.order_id = 'R';
DELETE FROM masking.orders WHERE order_id = 'R';

-- To another number of the pool than the order's: the way of a call.
CREATE FUNCTION pg_temp.goes(uuid text, sender bigint, dialled bigint, kind text DEFAULT 'text') RETURNS text
LANGUAGE sql
AS $$
  SELECT concat_ws(' ', outcome, counterpart, 'from ' || shows)
  FROM tests.answer_messages(ARRAY[uuid], ARRAY[sender], ARRAY[dialled], ARRAY[kind])
$$;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('E', '14156660051', '14156660052');
CREATE TEMP TABLE e AS
SELECT o.proxy_number::bigint AS own, p.e164 AS other
FROM masking.orders o JOIN masking.proxy_numbers p ON p.number <> o.proxy_number WHERE o.order_id = 'E';
SELECT is(pg_temp.goes('e1', 14156660051, other), 'unknown_sender', 'to another number than the order''s: to nobody') FROM e;
SELECT tests.set('any_number', 'true');
SELECT is(pg_temp.goes('e2', 14156660051, other), 'forwarded 14156660052 from ' || own, 'by any_number it is sent on, from the order''s own') FROM e;
SELECT is(pg_temp.goes('e3', 14156660052, other), 'forwarded 14156660051 from ' || own, 'both ways') FROM e;
SELECT is(pg_temp.goes('e4', 14156660051, own), 'forwarded 14156660052', 'on its own number nothing changes') FROM e;
SELECT is(pg_temp.goes('e5', 14156660051, 14155559999), 'unknown_sender_quiet', 'and on no number that is not of the pool');
SELECT is((SELECT row(m.proxy = e.other, m.side, m.order_ids)::text FROM masking.messages m, e WHERE m.message_uuid = 'e2'),
  '(t,customer,{E})', 'promise 4: on record with its order, and the number written to');
SELECT is(pg_temp.goes('e6', 14156660052, other, 'optout'), 'optout', 'STOP to that number') FROM e;
SELECT is(pg_temp.goes('e7', 14156660051, other), 'forwarded 14156660052 from ' || own, 'is about that number') FROM e;
SELECT is(pg_temp.goes('e2', 14156660051, other), 'forwarded 14156660052 from ' || own, 'what was sent on is answered alike') FROM e;
SELECT tests.set('any_number', 'false');
SELECT is(pg_temp.goes('e2', 14156660051, other), 'unknown_sender_quiet', 'but by the setting, as it is by then') FROM e;
SELECT is(pg_temp.goes('e8', 14156660052, own, 'optout'), 'optout', 'STOP to the order''s number') FROM e;
SELECT tests.set('any_number', 'true');
SELECT is(pg_temp.goes('e9', 14156660051, other), 'opted_out', 'counts wherever the text would come from it') FROM e;
SELECT tests.set('any_number', 'false');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('E', 'customer');
SELECT is(pg_temp.goes('e10', 14156660051, other), 'blocked', 'who is blocked is so on any number') FROM e;

SELECT is_empty($$SELECT * FROM masking.messages m WHERE m::text ~ '1415666'$$, 'promise 1: no phone number of a party is on record');

SELECT * FROM finish();
