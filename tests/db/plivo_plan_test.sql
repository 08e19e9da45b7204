-- number-masking-plivo's plan, from recorded answers: what is to be done, what is left alone, what
-- comes next. Nothing here speaks HTTP.
SELECT no_plan();

-- ---- recorded answers ----

CREATE FUNCTION pg_temp.number(number text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('active', true, 'added_on', '2026-01-05', 'alias', '', 'application', NULL,
    'carrier', 'Plivo', 'monthly_rental_rate', '0.80000', 'number', number, 'number_type', 'local',
    'region', 'California, UNITED STATES', 'renewal_date', '2099-12-31', 'sms_enabled', true, 'sms_rate', '0.00000',
    'sub_account', NULL, 'type', 'local', 'voice_enabled', true, 'voice_rate', '0.00850') || more
$$;
CREATE FUNCTION pg_temp.page(at integer, total integer, VARIADIC objects jsonb[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT jsonb_build_object('api_id', '16840d6a-b692-11e4-af95-22000ac54c79', 'objects', to_jsonb(objects),
    'meta', jsonb_build_object('limit', 20, 'offset', at, 'previous', NULL, 'total_count', total,
      'next', CASE WHEN at + cardinality(objects) < total THEN '/v1/Account/MA1/Number/?limit=20&offset=' || at + 20 END))::text
$$;
CREATE FUNCTION pg_temp.application(id text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('answer_method', 'POST', 'answer_url', 'https://calls.example.com/answer#ct=1000&rt=3000&rc=2&rp=all',
    'app_id', id, 'app_name', 'number-masking', 'default_app', false, 'enabled', true, 'fallback_answer_url', '',
    'fallback_method', 'POST', 'hangup_method', 'POST', 'hangup_url', 'https://calls.example.com/hangup#ct=1000&rt=3000&rc=2&rp=all',
    'log_incoming_messages', false, 'message_method', 'POST', 'message_url', 'https://calls.example.com/message',
    'public_uri', false, 'resource_uri', '/v1/Account/MA1/Application/' || id || '/', 'sip_uri', 'sip:' || id || '@app.plivo.com',
    'sub_account', NULL) || more
$$;
CREATE FUNCTION pg_temp.options(more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
  SELECT '{"command": "connect", "account": "MA1", "public_url": "https://calls.example.com", "app": "number-masking", "numbers": [], "take": []}' || more
$$;
CREATE FUNCTION pg_temp.plan(options jsonb, application jsonb, VARIADIC numbers jsonb[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(' ', p.action, p.number, p.path) FROM masking.plivo_plan('connect', pg_temp.options(options),
    jsonb_build_object('application', application, 'refused', jsonb_build_object(),
      'numbers', (SELECT coalesce(jsonb_object_agg(n ->> 'number', n), '{}') FROM unnest(numbers) n))) p
  ORDER BY p.place, p.action
$$;

-- ---- the plan ----

SELECT results_eq($$SELECT pg_temp.plan('{}', '{}')$$, ARRAY['create Application/'], 'no application: it is created');
SELECT is_empty($$SELECT pg_temp.plan('{}', pg_temp.application('157'))$$, 'as it should be: nothing to do');
SELECT results_eq($$SELECT pg_temp.plan('{}', pg_temp.application('157', '{"log_incoming_messages": true}'))$$,
  ARRAY['change Application/157/'], 'one setting differs: it is changed');
SELECT is((SELECT p.body FROM masking.plivo_plan('connect', pg_temp.options(), jsonb_build_object('refused', '{}'::jsonb, 'numbers', '{}'::jsonb,
    'application', pg_temp.application('157', '{"log_incoming_messages": true, "answer_method": "get"}'))) p),
  '{"answer_method": "POST", "log_incoming_messages": false}', 'and only what differs is sent');
SELECT is_empty($$SELECT pg_temp.plan('{}', pg_temp.application('157', '{"answer_method": "post"}'))$$, 'a method in small letters is the same');
SELECT is((SELECT p.body FROM masking.plivo_plan('connect', pg_temp.options(), '{"application": {}, "refused": {}, "numbers": {}}') p),
  '{"app_name": "number-masking", "answer_url": "https://calls.example.com/answer#ct=1000&rt=3000&rc=2&rp=all", "answer_method": "POST",
    "hangup_url": "https://calls.example.com/hangup#ct=1000&rt=3000&rc=2&rp=all", "hangup_method": "POST",
    "message_url": "https://calls.example.com/message", "message_method": "POST", "log_incoming_messages": false}',
  'what is sent for a new one: no default_number_app, and Plivo keeps no texts');

SELECT results_eq(
  $$SELECT pg_temp.plan('{"all": "yes"}', pg_temp.application('157'),
    pg_temp.number('14155550101'),
    pg_temp.number('14155550102', '{"application": ""}'),
    pg_temp.number('14155550103') - 'application',
    pg_temp.number('14155550104', '{"application": "/v1/Account/MA1/Application/157/"}'),
    pg_temp.number('14155550105', '{"application": "/v1/Account/MA1/Application/999/"}'),
    pg_temp.number('14155550106', '{"application": "/v1/Account/MA1/Zentrunk/Trunk/157/"}'),
    pg_temp.number('14155550107', '{"voice_enabled": false}'),
    pg_temp.number('14155550108', '{"sub_account": "/v1/Account/MA1/Subaccount/SA9/"}'),
    pg_temp.number('14155550109', '{"application": {"id": 1}}'),
    pg_temp.number('14155550110', '{"voice_enabled": "true"}'))$$,
  ARRAY['attach 14155550101 Number/14155550101/', 'attach 14155550102 Number/14155550102/', 'attach 14155550103 Number/14155550103/',
    'pool 14155550104', 'note 14155550105', 'note 14155550106', 'note 14155550107', 'note 14155550108', 'note 14155550109',
    'attach 14155550110 Number/14155550110/'],
  '--all: free ones with voice; not another application''s, a trunk''s, a mute one, a subaccount''s, one attached to something strange');
SELECT results_eq(
  $$SELECT pg_temp.plan('{"numbers": ["14155550105", "14155550199"], "take": ["14155550106", "14155550107"]}', pg_temp.application('157'),
    pg_temp.number('14155550105', '{"application": "/v1/Account/MA1/Application/999/"}'),
    pg_temp.number('14155550106', '{"application": "/v1/Account/MA1/Application/999/"}'),
    pg_temp.number('14155550107', '{"application": "/v1/Account/MA1/Zentrunk/Trunk/1/"}'))$$,
  ARRAY['problem 14155550105', 'attach 14155550106 Number/14155550106/', 'problem 14155550107', 'problem 14155550199'],
  'named: another application''s only by --take, a trunk''s never, one that is not there is told of');
INSERT INTO masking.proxy_numbers (number, enabled) VALUES ('14155550101', true), ('14155550102', false), ('14155550103', false), ('14155550104', true);
INSERT INTO masking.plivo_numbers (number, switched_off) VALUES (14155550103, true);
SELECT results_eq(
  $$SELECT pg_temp.plan('{}', pg_temp.application('157'), pg_temp.number('14155550101'),
    pg_temp.number('14155550102', '{"application": "/v1/Account/MA1/Application/157/"}'),
    pg_temp.number('14155550103', '{"application": "/v1/Account/MA1/Application/157/"}'),
    pg_temp.number('14155550104', '{"application": "/v1/Account/MA1/Application/999/"}'))$$,
  ARRAY['attach 14155550101 Number/14155550101/', 'enable 14155550103', 'problem 14155550104'],
  'what is in the pool is attached again; only what we switched off is enabled again');
DELETE FROM masking.proxy_numbers;
DELETE FROM masking.plivo_numbers;

-- ---- prefix and language ----

SELECT is((SELECT h.prefix || ' ' || h.language FROM masking.plivo_home(number) h), expected, number || ' is at home in ' || expected)
FROM (VALUES (14155550101, '1 en-US'), (16135550101, '1 en-US'), (442079460102, '44 en-GB'), (4930555010, '49 de-DE'),
  (33155501020, '33 fr-FR'), (34915550102, '34 es-ES'), (5511955501020, '55 pt-BR'), (918031405060, '91 en-US'),
  (79161234567, '7 en-US'), (351215550102, '351 pt-PT'), (420225550102, '420 en-US'), (41445550102, '41 en-US'),
  (80012345678, ' en-US'), (99912345678, ' en-US'), (870123456789, ' en-US'), (85221234567, '852 en-US'), (88021234567, '880 en-US'), (97141234567, '971 en-US'))
  AS v (number, expected);

-- ---- turns ----

CREATE FUNCTION pg_temp.begin(VARIADIC more text[] DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
  SELECT masking.plivo_begin(ARRAY['command', 'connect', 'account', 'MA1', 'public_url', 'https://calls.example.com', 'fallback', '',
    'app', 'number-masking'] || more, '{}', '{}')
$$;
-- What comes next, in short.
CREATE FUNCTION pg_temp.turn(run bigint, status integer DEFAULT NULL, answered text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', t.kind, nullif(t.method, ''), nullif(t.path, ''), CASE WHEN t.kind = 'end' THEN t.exit_code END)
  FROM masking.plivo_turn(run, status, answered) WITH ORDINALITY AS t (kind, words, method, path, body, safe, pause, exit_code, place)
  ORDER BY t.place DESC LIMIT 1
$$;
SELECT pg_temp.begin('all', 'yes', 'yes', 'yes') AS run \gset
SELECT is(pg_temp.turn(:run), 'door GET /connected', 'first the front door');
SELECT is(pg_temp.turn(:run, 200, E'ok\n'), 'forged GET /connected', 'then the same, forged');
SELECT is(pg_temp.turn(:run, 403, 'no'), 'api GET', 'then the account');
SELECT is(pg_temp.turn(:run, 200, '{"auth_id": "MA1", "cash_credits": "23.00", "name": "x"}'),
  'api GET Application/?app_name=number-masking&limit=20&offset=0', 'then the application, by name');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(0, 1, pg_temp.application('158', '{"app_name": "number-masking-2"}'))),
  'api GET Number/?limit=20&offset=0', 'a longer name is another one');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(0, 21, VARIADIC ARRAY(SELECT pg_temp.number((14155550100 + i)::text) FROM generate_series(0, 19) i))),
  'api GET Number/?limit=20&offset=20', 'all pages');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(20, 21, pg_temp.number('14155550119'))),
  'api GET Number/?limit=20&offset=0', 'a page that overlaps the one before: the list has shifted, and is read again');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(0, 2, pg_temp.number('14155550101'), pg_temp.number('14155550102'))),
  'api POST Application/', 'then it is created');
SELECT is(pg_temp.turn(:run, 500, 'oops'), 'api GET Application/?app_name=number-masking&limit=20&offset=0', 'nobody knows whether it was: look first');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(0, 1, pg_temp.application('157'))), 'api POST Number/14155550101/', 'it was: go on with the numbers');
SELECT is(pg_temp.turn(:run, 202, '{"message": "changed"}'), 'api POST Number/14155550102/', 'one after the other');
SELECT is((SELECT array_agg(number) FROM masking.proxy_numbers), '{14155550101}', 'the first is in the pool before the second is asked for');
SELECT is(pg_temp.turn(:run, 404, '{}'), 'api GET Application/157/', 'one refused keeps nobody: read it all again');
SELECT is(pg_temp.turn(:run, 200, pg_temp.application('157')::text), 'api GET Number/?limit=20&offset=0', 'the numbers too');
SELECT is(pg_temp.turn(:run, 200, pg_temp.page(0, 2, pg_temp.number('14155550101', '{"application": "/v1/Account/MA1/Application/157/"}'),
  pg_temp.number('14155550102'))), 'door GET /connected', 'and the front door once more');
SELECT is(pg_temp.turn(:run, 200, 'ok'), 'forged GET /connected', 'and forged');
SELECT is(pg_temp.turn(:run, 403, ''), 'end 1', 'the end: something was left undone');
SELECT is(pg_temp.turn(:run, 200, 'late'), 'end 1', 'and it stays at its end');
SELECT is((SELECT picture FROM masking.plivo_runs WHERE run = :run), '{}', 'nothing of the account is kept');

SELECT is(pg_temp.turn(r.run), 'door GET /connected', 'another run begins')
FROM (SELECT pg_temp.begin() AS run) r;
SELECT is(masking.plivo_said(400, '{"api_id": "7a", "error": "answer_url parameter is missing"}', ''),
  'HTTP 400: answer_url parameter is missing (api_id 7a)', 'an error in Plivo''s words');
SELECT is(masking.plivo_said(404, '{}', '{}'), 'HTTP 404', 'an error without words');
SELECT is(masking.plivo_said(502, NULL, E'<html>\r\n\x1b[31m' || repeat('x', 500)), 'HTTP 502: <html> [31m' || repeat('x', 200 - length('<html> [31m')), 'a gateway''s page, cut and harmless');
SELECT is(masking.plivo_json(bad), NULL, 'no JSON object: ' || left(bad, 20))
FROM unnest(ARRAY['', 'null', '[]', '"x"', '{', '<html>', '{"a": "\u0000"}', repeat('[', 100000)]) bad;

-- ---- lists ----

-- Pages of so many new entries each, until it ends or is begun anew: "exit code, pages".
CREATE FUNCTION pg_temp.read_list(phase text, entries integer, total integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r masking.plivo_runs := jsonb_populate_record(NULL::masking.plivo_runs,
    jsonb_build_object('phase', phase, 'place', 0, 'readings', 0, 'exit_code', 0, 'words', '{}'::text[], 'picture', '{}'::jsonb));
  turned record;
  pages integer := 0;
BEGIN
  LOOP
    turned := masking.plivo_turned_page(r, ARRAY(SELECT (r.place * 1000 + i)::text FROM generate_series(1, entries) i), false, total);
    r := turned.r;
    pages := pages + 1;
    EXIT WHEN r.phase = 'end' OR r.place = 0 OR pages = 20;
  END LOOP;
  RETURN r.exit_code || ', ' || pages;
END
$$;
SELECT is(pg_temp.read_list('applications', 10000, NULL), '3, 5', 'a list of new entries for ever is given up too, at 50,000');
SELECT is(pg_temp.read_list('numbers', 20, 30), '0, 2', 'or begun anew as soon as it has more than it counts');

-- ---- the gauges ----

SELECT results_eq($$SELECT name, labels FROM masking.plivo_gauges() ORDER BY 1, 2$$,
  $$VALUES ('plivo_look_timestamp_seconds', '')
    UNION ALL SELECT 'pool_drift', format('kind="%s"', k) FROM unnest('{application,gone,idle,lost,renewal,sms,voice}'::text[]) k
    UNION ALL SELECT 'pool_drift_orders', format('kind="%s"', k) FROM unnest('{gone,lost,voice}'::text[]) k
    ORDER BY 1, 2$$, 'connected: every kind, the orders that it concerns, and when the look was');
DELETE FROM masking.plivo_connection;
SELECT is_empty('SELECT * FROM masking.plivo_gauges()', 'not connected: nothing');

-- ---- one run at a time ----

SELECT pg_temp.turn(run, 0, '') FROM masking.plivo_runs WHERE ended_at IS NULL;
UPDATE masking.plivo_runs SET ended_at = now() WHERE ended_at IS NULL;
SELECT pg_temp.begin() AS one \gset
SELECT pg_temp.begin() AS other \gset
SELECT is(pg_temp.turn(:other), 'end 1', 'a run keeps others out');
SELECT is(pg_temp.turn(:one), 'door GET /connected', 'and goes on');
SELECT is(pg_temp.turn(:one), 'door GET /connected', 'without an answer the same comes again');
SELECT is(pg_temp.turn(:one, 200, 'ok'), 'forged GET /connected', 'with one the next');
UPDATE masking.plivo_runs SET heard_at = clock_timestamp() - interval '119 seconds' WHERE run = :one;
SELECT pg_temp.begin() AS other \gset
SELECT is(pg_temp.turn(:other), 'end 1', 'silent for less than 2 minutes, it keeps them out still');
UPDATE masking.plivo_runs SET heard_at = clock_timestamp() - interval '121 seconds' WHERE run = :one;
SELECT is(pg_temp.turn(:one), 'forged GET /connected', 'a turn renews it');
SELECT pg_temp.begin() AS other \gset
SELECT is(pg_temp.turn(:other), 'end 1', 'so it is at work');
UPDATE masking.plivo_runs SET heard_at = clock_timestamp() - interval '121 seconds' WHERE run = :one;
SELECT pg_temp.begin() AS other \gset
SELECT is(pg_temp.turn(:other), 'door GET /connected', 'silent for more, it is taken over');
SELECT is(pg_temp.turn(:one, 403, 'no'), 'end 1', 'and stops');
SELECT is(pg_temp.turn(:other, 301, ''), 'end 1', 'a run that ends');
SELECT is(pg_temp.turn(pg_temp.begin()), 'door GET /connected', 'lets the next in');

SELECT * FROM finish();
