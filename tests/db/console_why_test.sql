-- The console's Why: about this call, before what routing says.
SELECT no_plan();

INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100'), ('14155550101');
INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('W1', '14156660001', '14156660002'), ('W2', '14156660003', '14156660004');
SELECT tests.pass('1 hour');
CREATE TEMP TABLE moment AS SELECT date_trunc('minute', now()) - interval '20 minutes' AS at;
CREATE FUNCTION pg_temp.why(from_number text, minutes integer) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws('|', w.tone, w.cells[1], nullif(w.cells[2], '')), E'\n') FROM masking.console_why('anna', from_number, NULL,
    (SELECT to_char(m.at + minutes * interval '1 minute', 'YYYY-MM-DD HH24:MIOF') FROM moment m)) w WHERE w.part IN ('answer', 'text') AND w.cells[1] !~ '^None'
$$;
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, side, order_ids, route_id, dial_status, callee_code)
SELECT 'busy', m.at + interval '13 seconds', now(), r.proxy, 'connected', 'customer', '{W1}', r.route_id, 'busy', 3010
FROM moment m, masking.routes r WHERE r.order_id = 'W1' AND r.side = 'customer';

SELECT matches(pg_temp.why('14156660001', 0), '^warn[|]A call of theirs is on record, at ..:..:13: the callee was busy[.]', 'what became of their call stands first');
SELECT matches(pg_temp.why('14156660001', 0), 'quiet[|]Routing connects such a call', 'then what routing says');
SELECT doesnt_match(pg_temp.why('14156660002', 0), 'A call of theirs', 'the call of the other side is not theirs');
SELECT matches(pg_temp.why('14156660002', 0), 'No call of theirs is on record for those minutes', 'which it says');
SELECT doesnt_match(pg_temp.why('14156660003', 0), 'A call of theirs', 'nor is it that of another order''s people');
SELECT matches(pg_temp.why('14156660001', -1), 'A call of theirs', 'people do not look at the clock at once: a minute before');
SELECT matches(pg_temp.why('14156660001', 1), 'A call of theirs', 'and one after');
SELECT doesnt_match(pg_temp.why('14156660001', -8), 'A call of theirs', 'but not eight');

-- One that reached nobody is known by its caller's hash.
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, caller_hash, caller_digits)
SELECT 'other', m.at + interval '5 minutes 7 seconds', now(), 14155550101, 'other_number', masking.hash_if_keyed(14156660002), '02' FROM moment m;
SELECT matches(pg_temp.why('14156660002', 5), '^warn[|]A call of theirs is on record, at ..:..:07: the caller''s order is on another number', 'a call to another number is found');

-- The database was away.
SELECT doesnt_match(pg_temp.why('14156660001', 0), 'apology, from', 'nothing went wrong');
INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome)
SELECT 'sorry-' || n, m.at + n * interval '10 seconds', now(), 14155550100, 'apologised' FROM moment m, generate_series(0, 2) n;
SELECT matches(pg_temp.why('14156660003', 0), '^bad[|]The database was away then: 3 callers heard an apology, from ..:..:00 to ..:..:20', 'what went wrong in that minute stands first');
SELECT matches(pg_temp.why('14156660003', 0), 'may be one of them', 'and what it means for this call');
SELECT doesnt_match(pg_temp.why('14156660003', 12), 'apology, from', 'another minute had none');
SELECT matches(pg_temp.why('14156660001', 0), '^warn[|]A call of theirs[^\n]*\n[^\n]*bad[|]The database was away', 'a call that is on record comes before');
INSERT INTO masking.refused_signatures (minute, reason, refused) SELECT m.at, 'wrong', 47 FROM moment m;
SELECT matches(pg_temp.why('14156660003', 0), 'bad[|]Plivo was refused then: 47 webhooks for its signature', 'so do refused webhooks');
SELECT is((SELECT count(*) FROM masking.console_why('anna', '14156660001', NULL, '25:99') WHERE part = 'form'), 1::bigint, 'a time that is none has the form again');
SELECT is((SELECT string_agg(cells[1], '') FROM masking.console_why('anna', '14156660001', NULL, NULL) WHERE part = 'head'), '', 'no number stands in the heading');

-- A number that Plivo took away.
SELECT doesnt_match(pg_temp.why('14156660001', 0), 'does not ring here', 'the number rings');
INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA1', 'app', 'masking', 'https://calls.example.com', '{}');
INSERT INTO masking.plivo_look (looked_at, prepaid, application) VALUES (now(), false, '{}');
SELECT matches(pg_temp.why('14156660001', 0), 'bad[|]The number 1415555010[01] does not ring here', 'until Plivo took it away');

SELECT * FROM finish();
