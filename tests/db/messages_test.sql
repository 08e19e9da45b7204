-- Text messages: the same routes, one sentence an hour to strangers, no loops.
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
FROM unnest(ARRAY['optout', 'optin', 'help', 'intent', 'media']) kind;

SELECT is(pg_temp.send('s1', 14156660000, 14155550100), 'unknown_sender says', 'a stranger is told');
SELECT is(pg_temp.send('s2', 14156660000, 14155550100), 'unknown_sender_quiet', 'once');
SELECT is(pg_temp.send('s3', 14156660000, 14155550199), 'unknown_sender_quiet', 'whatever number he writes to');
SELECT is(pg_temp.send('s1', 14156660000, 14155550100), 'unknown_sender says', 'the message that was answered is answered again');
SELECT is(pg_temp.send('s2', 14156660000, 14155550100), 'unknown_sender_quiet', 'and the one that was not is not');
SELECT is(pg_temp.send('s4', 14156660001, 14155550100), 'unknown_sender says', 'another stranger is told too');
UPDATE masking.told_strangers SET told_at = told_at - interval '59 minutes';
SELECT is(pg_temp.send('s5', 14156660000, 14155550100), 'unknown_sender_quiet', 'still nothing after 59 minutes');
UPDATE masking.told_strangers SET told_at = told_at - interval '2 minutes';
SELECT is(pg_temp.send('s6', 14156660000, 14155550100), 'unknown_sender says', 'after an hour he is told again');
SELECT is((SELECT count(*) FROM masking.told_strangers), 1::bigint, 'the others are forgotten by then');
SELECT is(pg_temp.send('s7', 14156660002, 14155550100, 'optout'), 'optout', 'a stranger who opts out is told nothing');
SELECT results_eq(
  $$SELECT place, outcome FROM tests.answer_messages('{b3,b1,b2}', '{14156660009,14156660009,14156660009}',
    '{14155550100,14155550100,14155550100}', '{text,text,text}') ORDER BY place$$,
  $$VALUES (1, 'unknown_sender_quiet'), (2, 'unknown_sender'), (3, 'unknown_sender_quiet')$$,
  'once also within one batch');

SELECT is(pg_temp.send('n1', NULL, 14155550100), 'no_sender', 'a sender without a number is not answered');
SELECT is(pg_temp.send('n2', 14156667777, NULL), 'bad_number', 'nor one who wrote to none');
SELECT is(pg_temp.send('n3', 14155550100, 14155550100), 'from_proxy', 'nor a number that writes to itself');
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
SELECT is(pg_temp.send('n4', 14155550101, 14155550100), 'from_proxy', 'nor one number of the pool that writes to another');

SELECT is(pg_temp.send('a1', 14156667777, 14155550100, 'apologised'), 'apologised', 'what could not be sent is on record');
SELECT lives_ok($$SELECT pg_temp.send('m1', 14156667777, 14155550100, 'apologised')$$, 'a late apology of another ask');
SELECT is((SELECT outcome FROM masking.messages WHERE message_uuid = 'm1'), 'forwarded', 'never overwrites what was sent');
SELECT is((SELECT count(*) FROM masking.messages WHERE order_ids = '{A}' AND side = 'customer'), 7::bigint,
  'promise 4: each is on record with its order');
SELECT is_empty($$SELECT * FROM masking.messages m WHERE m::text ~ '1415666'$$, 'promise 1: no phone number of a party is on record');

SELECT * FROM finish();
