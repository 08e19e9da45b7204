-- Promise 2, below any code: routes refuses two counterparts for one caller and
-- number at one time.
SELECT no_plan();

CREATE FUNCTION pg_temp.route(caller bigint, proxy bigint, callee bigint, from_hour integer, to_hour integer)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held)
  SELECT 'X', 'customer', caller, proxy, callee, r, r
  FROM (SELECT tstzrange('2026-01-01'::timestamptz + from_hour * interval '1 hour',
    '2026-01-01'::timestamptz + to_hour * interval '1 hour')) AS t (r)
$$;

SELECT lives_ok('SELECT pg_temp.route(14156667777, 14155550100, 14156667778, 0, 12)', 'a route');
SELECT throws_ok('SELECT pg_temp.route(14156667777, 14155550100, 14156667779, 11, 13)', '23P01', NULL,
  'promise 2: no other counterpart on that number while it is held');
SELECT lives_ok('SELECT pg_temp.route(14156667777, 14155550100, 14156667778, 1, 14)',
  'the same pair may overlap: a second order of the same two people');
SELECT lives_ok('SELECT pg_temp.route(14156667777, 14155550101, 14156667779, 0, 12)',
  'another counterpart on another number');
SELECT lives_ok('SELECT pg_temp.route(14156660001, 14155550100, 14156667778, 0, 12)',
  'another caller on the same number');
SELECT lives_ok('SELECT pg_temp.route(14156667777, 14155550100, 14156667779, 14, 15)',
  'another counterpart once it is free');
SELECT throws_ok('SELECT pg_temp.route(14156667777, NULL, 14156667779, 0, 1)', '23P01', NULL,
  'promise 2: a route for any number overlaps one for a single number');
SELECT lives_ok('SELECT pg_temp.route(14156660002, NULL, 14156667778, 0, 12)', 'a route for any number');
SELECT throws_ok('SELECT pg_temp.route(14156660002, 14155550101, 14156667779, 0, 12)', '23P01', NULL,
  'promise 2: and the other way round');
SELECT throws_ok('SELECT pg_temp.route(14156660002, NULL, 14156667779, 0, 12)', '23P01', NULL,
  'promise 2: two counterparts cannot both be reached on any number');
SELECT throws_ok('SELECT pg_temp.route(14156660003, 14155550100, 14156660003, 0, 12)', '23514', NULL,
  'nobody reaches himself');

-- The clock was set back, as by a failover to a slower one: what ended, and gave
-- its number up, lies in the future again. Its end may not lay claim to it anew.
INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('CLOCK1', '14156663001', '14156663002'), ('CLOCK2', '14156663001', '14156663002');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id ~ '^CLOCK';
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('CLOCK3', '14156663001', '14156663003');
CREATE FUNCTION pg_temp.later(id text) RETURNS void LANGUAGE sql AS $$
  UPDATE masking.routes SET live = tstzrange(lower(live) + interval '9 s', upper(live) + interval '9 s'),
    held = tstzrange(lower(held) + interval '9 s', upper(held) + interval '9 s')
  WHERE order_id = id
$$;
SELECT pg_temp.later(id) FROM unnest(ARRAY['CLOCK3', 'CLOCK2', 'CLOCK1']) id;
SELECT lives_ok($$UPDATE masking.orders SET completed_at = now() WHERE order_id = 'CLOCK1'$$, 'completed while the clock is behind');
SELECT lives_ok($$DELETE FROM masking.orders WHERE order_id = 'CLOCK2'$$, 'deleted while the clock is behind');

SELECT * FROM finish();
