-- The console's list of calls: its filters, said in its heading, and where it goes on.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('SPAIN', '14156660001', '34600555102'), ('HOME', '14156660003', '14156660004');
SELECT tests.pass('2 hours');
CREATE TEMP TABLE moment AS SELECT date_trunc('minute', now()) - interval '30 minutes' AS at;
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, side, order_ids, route_id, dial_status, callee_code)
SELECT 'spain-' || n, m.at + n * interval '10 seconds', now(), r.proxy, 'connected', 'customer', '{SPAIN}', r.route_id, 'failed', 2040
FROM moment m, masking.routes r, generate_series(0, 7) n WHERE r.order_id = 'SPAIN' AND r.side = 'customer';
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, side, order_ids, route_id, dial_status, callee_seconds, callee_code)
SELECT 'home', m.at + interval '59 seconds', now(), r.proxy, 'connected', 'customer', '{HOME}', r.route_id, 'completed', 40, 4000
FROM moment m, masking.routes r WHERE r.order_id = 'HOME' AND r.side = 'customer';
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome) SELECT 'nobody', m.at + interval '61 seconds', now(), 14155550101, 'unknown_caller' FROM moment m;
CREATE FUNCTION pg_temp.found(kind text DEFAULT NULL, number text DEFAULT NULL, the_order text DEFAULT NULL, prefix text DEFAULT NULL, cause text DEFAULT NULL, until text DEFAULT NULL)
RETURNS SETOF text LANGUAGE sql AS $$
  SELECT c.key FROM masking.console_calls('anna', kind, number, the_order, prefix, cause, until, NULL) c WHERE c.part = 'row'
$$;
CREATE FUNCTION pg_temp.heading(kind text DEFAULT NULL, number text DEFAULT NULL, the_order text DEFAULT NULL, prefix text DEFAULT NULL, cause text DEFAULT NULL, until text DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
  SELECT c.cells[1] FROM masking.console_calls('anna', kind, number, the_order, prefix, cause, until, NULL) c WHERE c.part = 'head'
$$;

SELECT is((SELECT count(*) FROM pg_temp.found()), 10::bigint, 'all of them');
SELECT is(pg_temp.heading(), '', 'which needs no heading');
SELECT set_eq($$SELECT pg_temp.found('answered')$$, '{home}'::text[], 'those that were answered');
SELECT is((SELECT count(*) FROM pg_temp.found('not_put_through')), 8::bigint, 'those that could not be put through');
SELECT set_eq($$SELECT pg_temp.found('turned_away')$$, '{nobody}'::text[], 'those in which nobody was rung');
SELECT set_eq($$SELECT pg_temp.found('unknown_caller')$$, '{nobody}'::text[], 'also by a word of the record');
SELECT is_empty($$SELECT pg_temp.found('no such word')$$, 'of a word that is none, none');
SELECT set_eq($$SELECT pg_temp.found(number => '+1 415-555-0101') INTERSECT SELECT 'nobody'$$, '{nobody}'::text[], 'by number, however it is written');
SELECT is((SELECT count(*) FROM pg_temp.found(prefix => '34')), 8::bigint, 'by the country of who was rung');
SELECT is((SELECT count(*) FROM pg_temp.found(prefix => '+34')), 8::bigint, 'however its code is written');
SELECT set_eq($$SELECT pg_temp.found(prefix => '1')$$, '{home}'::text[], 'and the other one');
SELECT is((SELECT count(*) FROM pg_temp.found(cause => '2040')), 8::bigint, 'by cause');
SELECT set_eq($$SELECT pg_temp.found(the_order => 'HOME')$$, '{home}'::text[], 'by order');
SELECT is(pg_temp.heading('not_put_through', '14155550100', 'SPAIN', '34', '2040'),
  'could not be put through, on 14155550100, about SPAIN, to +34 (Spain), the Plivo account may not call there: allow the country or number in Plivo''s console (2040)',
  'the heading says all that was chosen');
SELECT is(pg_temp.heading('<b>', '14156660001', 'no such order', '14156660001', 'x'), '', 'and prints back nothing that is not ours');
SELECT ok((SELECT bool_or(c.cells[1] ~ '^8 of 8 calls to [+]34 [(]Spain[)] could not be put through since [0-9:]{5}[.]$') FROM masking.console_calls('anna', NULL, NULL, NULL, '34', NULL, NULL, NULL) c
  WHERE part = 'answer'), 'a country says how many fail there, and since when');

-- Until a minute includes it.
SELECT set_eq($$SELECT pg_temp.found(until => (SELECT to_char(at, 'YYYY-MM-DD HH24:MIOF') FROM moment)) EXCEPT SELECT 'spain-' || n FROM generate_series(0, 5) n$$,
  '{home}'::text[], 'until a minute includes that minute, and no more');
SELECT is((SELECT count(*) FROM pg_temp.found(until => (SELECT to_char(at + interval '20 seconds', 'YYYY-MM-DD HH24:MI:SSOF') FROM moment))), 3::bigint, 'until a second includes that second');
SELECT is((SELECT count(*) FROM pg_temp.found(until => to_char(now() + interval '1 day', 'YYYY-MM-DD'))), 10::bigint, 'until a day includes that day');
SELECT is(masking.typed_until('2026-11-25', '2026-11-25 00:00+00'), '2026-11-25 23:59:59.999999+00', 'to its last moment');
SELECT is(masking.typed_until('7 pm', '2026-11-25 19:00+00'), '2026-11-25 19:00:59.999999+00', 'as an hour on the clock is a minute');

SELECT * FROM finish();
