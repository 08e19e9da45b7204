-- What an operator is told about a call of now or of then, in words.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('W', '14156660009');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778');
SELECT tests.pass('1 hour');
UPDATE masking.orders SET agent_number = '14156669999' WHERE order_id = 'A';
SELECT tests.pass('1 hour');

CREATE FUNCTION pg_temp.says(from_number text, to_number text, ago interval, pattern text, words text) RETURNS text
LANGUAGE sql AS $$
  SELECT matches(e.words, pattern, words) FROM masking.explain_route(from_number, to_number, now() - ago) e
$$;
CREATE FUNCTION pg_temp.number(the_order text) RETURNS text LANGUAGE sql AS $$
  SELECT max(r.proxy)::text FROM masking.routes r WHERE r.order_id = the_order
$$;
SELECT pg_temp.says('14156667777', '14155550100', '0', '^connected: order A: the customer reaches the agent, \*\*99$', 'connected');
SELECT pg_temp.says('+1 415 666 9999', '14155550100', '0', '^connected: order A: the agent', 'connected, from the agent');
SELECT pg_temp.says('14156667777', '14155550100', '90 minutes', '\*\*78$', 'an hour and a half ago it was the first agent');
SELECT pg_temp.says('493012345.0', '14155550100', '0', 'from: "\*\*50" is not a phone number', 'a float is nobody');
SELECT pg_temp.says('14156667777', '1415555010.0', '0', 'to: "\*\*00" is not a phone number', 'nor a number of the pool');
SELECT is((SELECT counterpart FROM masking.explain_route('14156667777', '14155550100', now() - interval '90 minutes')),
  14156667778, 'with the number for those who may see it');
SELECT pg_temp.says('14156667778', '14155550100', '0', '^not connected: order A: over since .*, as the agent was swapped$', 'agent swapped at');
SELECT pg_temp.says('14156669999', '14155550100', '90 minutes', 'not yet connected then, only since', 'not yet connected then');
SELECT pg_temp.says('14156660009', '14155550100', '0', 'order W: no agent is assigned yet', 'not yet assigned');
SELECT pg_temp.says('14156660000', '14155550100', '0', 'number unknown, no order ever had it', 'number unknown');
SELECT pg_temp.says('14156667777', '14155550101', '0', 'order A: on another number, \*\*00; not on this one; this party was never on this number', 'never on this proxy');
SELECT tests.set('any_number', 'true');
SELECT pg_temp.says('14156667777', '14155550101', '0', '^connected: order A: the customer reaches the agent, \*\*99; the order is on another number, and the setting any_number connects$', 'but by the setting any_number');
SELECT tests.set('any_number', 'false');
SELECT pg_temp.says('anonymous', '14155550100', '0', '^not connected: from: "\*\*" is not a phone number', 'not a number');
SELECT pg_temp.says(NULL, '14155550100', '0', '^not connected: from: is missing', 'no number');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'A';
SELECT tests.pass('1 hour');
SELECT pg_temp.says('14156667777', '14155550100', '0', 'order A: over since .*, as the order was completed', 'expired at, completed');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('L', '14156661001', '14156661002');
SELECT tests.pass('13 hours');
SELECT pg_temp.says('14156661001', pg_temp.number('L'), '0', 'order L: over since .*longest life', 'expired at, nobody completed');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('U1', '14156662001', '14156662002'), ('U2', '14156662001', '14156662003'), ('U3', '14156662001', '14156662004');
SELECT pg_temp.says('14156662004', '14155550100', '0', 'order U3: waiting for a proxy number since', 'waiting for a number');
DELETE FROM masking.orders WHERE order_id = 'U1';
SELECT pg_temp.says('14156662002', pg_temp.number('U1'), '0', 'order U1: over since .*, as the order was deleted', 'no such order any more');
-- What it must not claim.
INSERT INTO masking.orders (order_id, customer_number) VALUES ('N1', '14156663001');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'N1';
SELECT pg_temp.says('14156663001', '14155550100', '0', '^not connected: order N1: cancelled at .*, was never connected$', 'an order that never had an agent is known too');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N2', '14156663002', '14156663003');
UPDATE masking.orders SET agent_number = NULL WHERE order_id = 'N2';
SELECT pg_temp.says('14156663002', pg_temp.number('N2'), '0', 'order N2: no agent is assigned now; order N2: over since .*, as the agent was removed', 'an agent removed is not one never assigned');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N3', '14156663004', '14156663005'), ('N4', '14156663005', '14156663004');
SELECT pg_temp.says('14156663004', pg_temp.number('N3'), '0', '^connected: order N3, N4: the agent reaches', 'customer of one order and agent of another: as the latest has it, like the record');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'U2';
DELETE FROM masking.orders WHERE order_id = 'U3';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N5', '14156664001', '14156664002'), ('N6', '14156664001', '14156664003'), ('N7', '14156664001', '14156664004');
UPDATE masking.orders SET completed_at = now() WHERE order_id = 'N7';
SELECT pg_temp.says('14156664004', '14155550100', '0', '^not connected: order N7: completed at .*, was never connected$', 'one that waited until it was over');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N8', '14156665001', '14156665002');
SELECT tests.pass('1 hour');
SELECT pg_temp.says('14156665001', '14155550100', '30 minutes', '^connected: order N8: the customer reaches the agent', 'then is not now');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('N9', '14156665003', '14156665004');
SELECT extract(second FROM lower(r.live))::double precision - 4 AS late
FROM masking.routes r WHERE r.order_id = 'N9' AND r.side = 'customer' \gset
SELECT tests.pass(interval '1 hour' + make_interval(secs => :late));
SELECT matches(e.words, said, wanted)
FROM masking.routes r
CROSS JOIN (VALUES (interval '0', '^connected: order N9: the customer', 'assigned four seconds into the minute that was said'),
  (interval '1 second', 'not yet connected then', 'with seconds it is that second'),
  (interval '-1 minute', 'not yet connected then', 'and the minute before is not meant')) AS v (later, said, wanted)
CROSS JOIN LATERAL masking.explain_route('14156665003', '14155550100', date_trunc('minute', lower(r.live)) + v.later) e
WHERE r.order_id = 'N9' AND r.side = 'customer';
SELECT is_empty($$SELECT FROM masking.explain_route('14156667777', '14155550100', now() - interval '15 hours') e WHERE e.words ~ '1415666'$$,
  'promise 1: words show no whole number');

-- Of now and of a minute ago alike: another number, blocks, prefixes, too many calls.
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('Z9', '14156666001', '14156666002');
SELECT tests.set('any_number', 'true');
SELECT tests.pass('1 hour');
SELECT pg_temp.says('14156666001', CASE o.proxy_number WHEN '14155550100' THEN '14155550101' ELSE '14155550100' END, ago,
  '^connected: order Z9: the customer .* any_number connects$', 'by any_number, ' || ago) FROM masking.orders o, unnest(ARRAY[interval '0', '30 minutes']) ago
WHERE o.order_id = 'Z9';
SELECT tests.set('any_number', 'false');
SELECT tests.set('calls_per_hour', '1');
SELECT is(tests.reaches(14156666001, o.proxy_number::bigint), '14156666002', 'once in an hour') FROM masking.orders o WHERE o.order_id = 'Z9';
SELECT is(tests.reaches(14156666001, o.proxy_number::bigint), 'too_many_calls', 'not twice') FROM masking.orders o WHERE o.order_id = 'Z9';
SELECT pg_temp.says('14156666001', o.proxy_number, '0', '^not connected: order Z9: .* calls_per_hour allows$', 'and why') FROM masking.orders o WHERE o.order_id = 'Z9';
SELECT tests.set('calls_per_hour', '0');
INSERT INTO masking.dial_prefixes (prefix) VALUES ('44');
SELECT pg_temp.says('14156666001', o.proxy_number, '0', '^not connected: order Z9: the agent.s number, \*\*02, begins with a prefix that may not be dialled$', 'no block') FROM masking.orders o WHERE o.order_id = 'Z9';
DELETE FROM masking.dial_prefixes;
SELECT pg_temp.says('14156666001', '14155550100', NULL, 'order Z9|connected', 'no time is now');
INSERT INTO masking.orders (order_id, customer_number) VALUES ('L9', '14156666009');
SELECT pg_temp.says('14156666009', '14155550100', '2 hours', 'order L9: placed later, at', 'before there was an order');

-- The story of an order that changes: its end is what is true.
UPDATE masking.orders SET agent_number = '14156666003' WHERE order_id = 'Z9';
SELECT is((SELECT string_agg(s.words, '; ') FROM masking.order_story('Z9') s WHERE s.words ~ 'cannot call'),
  (SELECT format('The agent **02 cannot call any more on %s: agent swapped.', o.proxy_number) FROM masking.orders o WHERE o.order_id = 'Z9'), 'a swap cuts off the old agent, and nobody else');
SELECT ok((SELECT (array_agg(s.words))[count(*)] ~ ' can call' FROM masking.order_story('Z9') s), 'and the last word is who can call');
INSERT INTO masking.order_blocks (order_id, side) VALUES ('Z9', 'both');
SELECT ok((SELECT bool_or(s.words ~ 'hears that they are blocked') FROM masking.order_story('Z9') s), 'blocked');
SELECT ok((SELECT bool_and(s !~ 'should dial') FROM masking.order_steps('Z9') s), 'nobody is told to dial');
DELETE FROM masking.order_blocks;
SELECT ok((SELECT (array_agg(s.words))[count(*)] ~ ' can call, on' FROM masking.order_story('Z9') s), 'unblocked');
UPDATE masking.orders SET completed_at = 'infinity' WHERE order_id = 'Z9';
SELECT ok((SELECT bool_and(s.words !~ 'cannot call' OR s.words ~ 'swapped') FROM masking.order_story('Z9') s), 'given time without end');

-- Every word that was stored above has its sentence, and so has every error of a bad number.
SELECT is_empty($$SELECT r.ended FROM masking.routes r WHERE r.ended IS NOT NULL UNION SELECT o.unmasked_reason FROM masking.orders o WHERE o.unmasked_reason IS NOT NULL
  EXCEPT SELECT r.reason FROM masking.reasons r$$, 'reasons has every word');
SELECT is((SELECT string_agg(r.sqlstate, ' ' ORDER BY 1) FROM masking.reasons r), 'MK001 MK003 MK004 MK014', 'and every error of a number that is let through');
SELECT is(masking.said_reason((r.reason, '{side}', now(), 'agent', '**12')) ~ '^order {side}: [^{}]+$', true, r.reason || ' is a sentence') FROM masking.reasons r;
SELECT is(masking.said_reason(('of another day', NULL, NULL, NULL, NULL)), 'of another day', 'a word without one is said as it is');

-- A number of ours is not read again as if it were typed; who called is read as the webhook reads it.
DELETE FROM masking.orders;
DELETE FROM masking.routes;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.proxy_numbers (number) VALUES ('442079460000'), ('442079460001');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('F', '+44 20 7123 4567', '+44 20 7123 4568');
CREATE FUNCTION pg_temp.page_says(from_number text, to_number text, rule text) RETURNS text
LANGUAGE sql AS $$
  SELECT tests.set('national_numbers', rule);
  SELECT is((SELECT string_agg(p.cells[1] || ' ' || p.cells[2], '; ') FROM masking.console_why('u', from_number, to_number, NULL) p
      WHERE p.part = 'answer' OR p.cells[1] = 'Numbers'),
    'This call connects. order F: the customer reaches the agent, **68; Numbers **67 to ' || coalesce((SELECT min(p.number) FROM masking.proxy_numbers p), 'no number'),
    format('%s calls %s, national_numbers %s', from_number, coalesce(to_number, 'the number to dial'), rule))
$$;
SELECT pg_temp.page_says(from_number, to_number, rule)
FROM (VALUES ('+44 20 7123 4567'), ('442071234567'), ('020 7123 4567'), ('(020) 7123-4567'), ('2071234567')) f (from_number)
CROSS JOIN (VALUES (NULL), ('442079460000'), ('+44 20 7946 0000')) t (to_number)
CROSS JOIN (VALUES ('international'), ('refused'), ('US'), ('GB')) r (rule);
SELECT tests.set('national_numbers', 'US');
SELECT is((SELECT e.words FROM masking.explain('020 7123 4567', '442079460000') e), 'connected: order F: the customer reaches the agent, **68', 'psql alike');
SELECT is((SELECT e.words FROM masking.explain('020 7123 4567', NULL) e), 'connected: order F: the customer reaches the agent, **68', 'without a number dialled too');
SELECT is((SELECT e.words FROM masking.explain('202 555 0001', '442079460000') e), 'not connected: number unknown, no order ever had it', 'nobody knows it: as people write');
SELECT is((SELECT e.words FROM masking.explain('020 7123 4567', '12025550001') e),
  'not connected: from: "**67" is not a phone number that could be read in one way only', 'no such number where that was dialled');
DELETE FROM masking.orders;
DELETE FROM masking.routes;
DELETE FROM masking.proxy_numbers;
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('F', '+44 20 7123 4567', '+44 20 7123 4568');
SELECT pg_temp.page_says(from_number, NULL, rule)
FROM (VALUES ('+44 20 7123 4567'), ('442071234567')) f (from_number)
CROSS JOIN (VALUES ('international'), ('refused'), ('US')) r (rule);

SELECT * FROM finish();
