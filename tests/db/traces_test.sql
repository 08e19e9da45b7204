-- Retention forgets what calls and messages left behind, too.
SELECT no_plan();

INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome, recording_url, caller_seconds) VALUES
  ('old', now() - interval '91 days', now(), 'connected', 'https://media.example.com/1.mp3', 42),
  ('new', now() - interval '89 days', now(), 'connected', 'https://media.example.com/2.mp3', NULL);
INSERT INTO masking.codes (order_id, side, code, live) VALUES
  ('A', 'customer', '12345', tstzrange(now() - interval '92 days', now() - interval '91 days')),
  ('B', 'customer', '12345', tstzrange(now() - interval '90 days', now() - interval '89 days'));
INSERT INTO masking.code_failures (call_uuid, attempt, caller, proxy, failed_at) VALUES
  ('old', 1, 14156660001, 14155550100, now() - interval '25 hours'), ('new', 1, 14156660001, 14155550100, now());
INSERT INTO masking.told_senders (number, event, told_at) VALUES
  (14156660001, 'unknown_sender', now() - interval '61 minutes'), (14156660002, 'unknown_sender', now());
INSERT INTO masking.opted_out (person_hash, proxy, said_at) VALUES
  (masking.hash_if_keyed(14156660001), 14155550100, now()), (masking.hash_if_keyed(14156660002), 14155550100, now());

SELECT is((SELECT sum(number_count) FROM masking.remembered('90 days')), 1::numeric, 'one recording is past its time');
SELECT * FROM masking.forget_numbers('90 days');
SELECT results_eq(
  $$SELECT call_uuid, recording_url, caller_seconds FROM masking.calls ORDER BY call_uuid$$,
  $$VALUES ('new' COLLATE "C", 'https://media.example.com/2.mp3', NULL::integer), ('old', NULL, 42)$$,
  'links are forgotten, what happened is not');
SELECT is((SELECT string_agg(order_id, ',') FROM masking.codes), 'B', 'codes are forgotten');
SELECT is((SELECT string_agg(call_uuid, ',') FROM masking.code_failures), 'new', 'who guessed is forgotten after a day');
SELECT is((SELECT string_agg(number::text, ',') FROM masking.told_senders), '14156660002', 'who wrote, after an hour');
SELECT is((SELECT sum(number_count) FROM masking.remembered('90 days')), 0::numeric, 'and nothing is left to forget');

-- On request.
INSERT INTO masking.orders (order_id, customer_number) VALUES ('E', '14156661001');
INSERT INTO masking.order_phones (order_id, side, number) VALUES ('E', 'customer', '14156660002');
INSERT INTO masking.codes (order_id, side, code, live) VALUES ('E', 'customer', '12345', tstzrange(now() - interval '9 days', now() - interval '8 days'));
UPDATE masking.calls SET order_ids = '{E}', called_at = now() WHERE call_uuid = 'new';
UPDATE masking.code_failures SET caller = 14156660002;
SELECT is((SELECT still_open FROM masking.erase_person('14156660002')), 1, 'a further phone makes a person part of an order');
SELECT isnt_empty($$SELECT FROM masking.calls WHERE recording_url IS NOT NULL$$, 'which is open, so its recordings stay');
UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'E';
INSERT INTO masking.requests (order_id, side, first, requested_at, expires_at, state) VALUES ('E', 'customer', 14156660002, now(), now(), 'ringing');
SELECT results_eq($$SELECT * FROM masking.erase_person('14156660002')$$, 'VALUES (1, 0, 0)', 'over, the order is erased');
SELECT is_empty($$SELECT FROM masking.order_phones$$, 'with its further phones');
SELECT is_empty($$SELECT FROM masking.requests WHERE first IS NOT NULL$$, 'also where a call to one was asked for, and has not ended');
SELECT is_empty($$SELECT FROM masking.codes WHERE order_id = 'E'$$, 'its codes');
SELECT is_empty($$SELECT FROM masking.calls c WHERE c::text ~ 'http'$$, 'and links to its recordings');
SELECT is_empty($$SELECT caller FROM masking.code_failures UNION ALL SELECT number FROM masking.told_senders$$, 'nor is the stranger remembered');
SELECT is((SELECT count(*) FROM masking.opted_out), 1::bigint, 'nor that he wants no texts');

SELECT * FROM finish();
