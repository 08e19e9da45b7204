-- The record in words, for people who help customers.
SELECT no_plan();

INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES
  ('A', '14156667777', '14156667778'), ('B', '14156667777', '14156667778');
SELECT * FROM masking.answer_calls('{talk,gave-up,stranger,hidden}', '{14156667777,14156667778,14156660000,NULL}',
  '{14155550100,14155550100,14155550100,14155550100}');
SELECT masking.record_events('{talk,talk,gave-up,later,talk}', '{action,dial_hangup,action,hangup,recording}', '{NULL,NULL,NULL,NULL,NULL}',
  '{1,2,2,2,2,3,5,5}',
  '{DialStatus,DialBLegDuration,StartTime,AnswerTime,DialBLegHangupSource,DialStatus,RecordUrl,RecordingDuration}',
  '{completed,42,"2026-11-24 11:30:00","2026-11-24 11:30:07",Callee,cancel,https://media.example.com/1.mp3,42}');

SELECT results_eq(
  $$SELECT call_uuid, order_id, caller, callee, outcome, ring_seconds, talk_seconds, hung_up_by
    FROM masking.call_log ORDER BY call_uuid, order_id$$,
  $$VALUES
    ('gave-up' COLLATE "C", 'A', 'agent', 'customer', 'the caller gave up', NULL::integer, 0, 'agent'),
    ('gave-up', 'B', 'agent', 'customer', 'the caller gave up', NULL, 0, 'agent'),
    ('hidden', NULL, 'unknown', NULL, 'the caller hid the number', NULL, NULL, NULL),
    ('later', NULL, 'unknown', NULL, 'the call is known from later events only', NULL, NULL, NULL),
    ('stranger', NULL, 'unknown', NULL, 'the caller is on no order', NULL, NULL, NULL),
    ('talk', 'A', 'customer', 'agent', 'they talked', 7, 42, 'agent'),
    ('talk', 'B', 'customer', 'agent', 'they talked', 7, 42, 'agent')$$,
  'who called whom about which order, and what became of it');
SELECT is_empty($$SELECT * FROM masking.call_log l WHERE l::text ~ '1415'$$, 'promise 1: no phone number, not even a proxy''s');
SELECT results_eq($$SELECT DISTINCT recording_seconds FROM masking.call_log WHERE call_uuid = 'talk'$$, 'VALUES (42)', 'that it was recorded is told');
SELECT is_empty($$SELECT * FROM masking.call_log l WHERE l::text ~ 'http'$$, 'promise 1: where one could listen is not');
SELECT results_eq(
  $$SELECT tests.ask_as('masking_orders', 'SELECT l.outcome FROM call_log l JOIN orders o USING (order_id) WHERE o.order_id = ''A'' AND l.call_uuid = ''talk''')$$,
  $$VALUES ('they talked')$$, 'the order system''s role may join it to its orders');

SELECT * FROM finish();
