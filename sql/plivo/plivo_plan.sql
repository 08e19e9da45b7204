-- What is to be done at Plivo and to the pool, from what has been read.

-- What our application is to be.
CREATE OR REPLACE FUNCTION masking.plivo_wanted(options jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_build_object(
      'answer_url', masking.plivo_webhook(options ->> 'public_url', '/answer'), 'answer_method', 'POST',
      'hangup_url', masking.plivo_webhook(options ->> 'public_url', '/hangup'), 'hangup_method', 'POST',
      'message_url', (options ->> 'public_url') || '/message', 'message_method', 'POST',
      -- Its default would have Plivo keep the texts.
      'log_incoming_messages', false)
    || CASE WHEN coalesce(options ->> 'fallback', '') = '' THEN '{}'
       ELSE jsonb_build_object('fallback_answer_url', options ->> 'fallback', 'fallback_method', 'POST') END
$$;
COMMENT ON FUNCTION masking.plivo_wanted(jsonb) IS 'What our application at Plivo is to be.';

-- Settings of the application that are not as wanted. drifted: Plivo shows another value, without
-- regard to fragments; the others are to be sent because nobody can see whether they were.
CREATE OR REPLACE FUNCTION masking.plivo_differing(application jsonb, wanted jsonb, sent jsonb)
RETURNS TABLE (field text, has text, want jsonb, drifted boolean)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT w.key, v.has, w.value, v.drifted
  FROM jsonb_each(wanted) w
  CROSS JOIN LATERAL (SELECT application ->> w.key AS has, w.value #>> '{}' AS want) t
  CROSS JOIN LATERAL (SELECT t.has, application ? w.key AND CASE
    WHEN w.key LIKE '%url' THEN split_part(coalesce(t.has, ''), '#', 1) <> split_part(t.want, '#', 1)
    ELSE lower(coalesce(t.has, '')) <> lower(t.want) END AS drifted) v
  WHERE v.drifted OR t.has IS DISTINCT FROM t.want AND sent ->> w.key IS DISTINCT FROM t.want
    AND (NOT application ? w.key OR t.want LIKE '%#%')
$$;
COMMENT ON FUNCTION masking.plivo_differing(jsonb, jsonb, jsonb) IS 'Settings of the application that are not as wanted.';

-- The numbers of the account, as they were read. owner: see the table plivo_seen. (Without a
-- search_path of its own, this one and plivo_home become part of the plan's query.)
CREATE OR REPLACE FUNCTION masking.plivo_listed(picture jsonb, account text)
RETURNS TABLE (number bigint, owner text, app text, subaccount text, voice boolean, sms boolean, renews date, rent numeric)
LANGUAGE sql STABLE
AS $$
  SELECT n.key::bigint, CASE
      WHEN t.subaccount NOT IN ('', account) THEN 'subaccount'
      WHEN t.application = '' THEN 'free'
      WHEN t.application ~* '/zentrunk/' THEN 'trunk'
      WHEN t.app = picture #>> '{application,app_id}' THEN 'ours'
      WHEN t.app IS NOT NULL THEN 'other'
      ELSE 'strange' END,
    t.app, t.subaccount,
    coalesce(n.value ->> 'voice_enabled' = 'true', false), coalesce(n.value ->> 'sms_enabled' = 'true', false),
    CASE WHEN left(n.value ->> 'renewal_date', 10) ~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$'
      THEN left(n.value ->> 'renewal_date', 10)::date
      -- The last days of a month, which not every month has: a day early does no harm.
      WHEN n.value ->> 'renewal_date' ~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(29|3[01])'
      THEN (left(n.value ->> 'renewal_date', 8) || '28')::date END,
    CASE WHEN n.value ->> 'monthly_rental_rate' ~ '^[0-9]{1,9}([.][0-9]{1,9})?$' THEN (n.value ->> 'monthly_rental_rate')::numeric END
  FROM jsonb_each(picture -> 'numbers') n
  CROSS JOIN LATERAL (SELECT coalesce(n.value ->> 'application', '') AS application,
    substring(n.value ->> 'application' FROM '(?:^|/)Application/([0-9A-Za-z-]{1,40})/?$') AS app,
    coalesce(substring(n.value ->> 'sub_account' FROM '([^/]*)/?$'), '') AS subaccount) t
$$;
COMMENT ON FUNCTION masking.plivo_listed(jsonb, text) IS 'The numbers of the account as they were read, and whose each is.';

-- Whom a number serves and in which language, as far as its calling code says so for certain: a
-- code of several countries (+1) is a prefix all the same, a code of none (800, 870 and the like) is not;
-- a language is given to countries with one evident language among those of masking.prompts.
CREATE OR REPLACE FUNCTION masking.plivo_home(number bigint) RETURNS TABLE (prefix text, language text)
LANGUAGE sql STABLE
AS $$
  SELECT coalesce(c.code, ''),
    CASE c.code WHEN '44' THEN 'en-GB' WHEN '33' THEN 'fr-FR' WHEN '49' THEN 'de-DE' WHEN '43' THEN 'de-AT'
      WHEN '34' THEN 'es-ES' WHEN '52' THEN 'es-MX' WHEN '54' THEN 'es-AR' WHEN '56' THEN 'es-CL' WHEN '57' THEN 'es-CO'
      WHEN '51' THEN 'es-PE' WHEN '55' THEN 'pt-BR' WHEN '351' THEN 'pt-PT' ELSE 'en-US' END
  FROM (SELECT (SELECT k.code FROM masking.country_of(number) k) AS code) c
$$;
COMMENT ON FUNCTION masking.plivo_home(bigint) IS 'Whom a number serves and in which language, as far as its calling code is certain.';

CREATE OR REPLACE FUNCTION masking.plivo_plan_connect(options jsonb, picture jsonb)
RETURNS TABLE (place bigint, action text, number bigint, words text, method text, path text, body jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH asked AS (
    SELECT DISTINCT a.value::bigint AS number
    FROM jsonb_array_elements_text((options -> 'numbers') || (options -> 'take')) a
    WHERE a.value ~ '^[0-9]{7,15}$'
  ), met AS (
    SELECT number, l.owner, l.app, l.subaccount, l.voice, l.sms
    FROM masking.plivo_listed(picture, options ->> 'account') l
    FULL JOIN asked USING (number)
  ), known AS (
    SELECT m.*, options -> 'numbers' ? m.number::text AS named, options -> 'take' ? m.number::text AS taken,
      options ->> 'all' = 'yes' AS everything, p.e164 IS NOT NULL AS pooled, p.enabled, k.switched_off,
      coalesce(options ->> 'prefix', h.prefix) AS prefix, h.language
    FROM met m
    LEFT JOIN masking.proxy_numbers p ON p.e164 = m.number
    LEFT JOIN masking.plivo_numbers k ON k.number = m.number
    CROSS JOIN LATERAL masking.plivo_home(m.number) h
    WHERE NOT picture -> 'refused' ? m.number::text
  ), decided AS (
    SELECT n.*, coalesce(n.everything OR n.named OR n.taken, false) AS wanted, CASE
      WHEN n.owner IS NULL THEN 'missing'
      WHEN NOT n.voice AND n.owner IN ('free', 'ours', 'other') THEN 'mute'
      WHEN n.owner = 'ours' AND n.pooled AND NOT n.enabled AND n.switched_off THEN 'enable'
      WHEN n.owner = 'ours' AND n.pooled THEN 'fine'
      WHEN n.owner = 'ours' AND (n.everything OR n.named OR n.taken) THEN 'pool'
      WHEN n.owner = 'free' AND (n.everything OR n.named OR n.taken OR n.pooled) THEN 'attach'
      WHEN n.owner = 'other' AND n.taken THEN 'attach'
      ELSE 'alone' END AS verdict
    FROM known n
  )
  SELECT 0, CASE WHEN picture #>> '{application,app_id}' IS NULL THEN 'create' ELSE 'change' END, NULL,
    CASE WHEN picture #>> '{application,app_id}' IS NULL
      THEN 'create the application ' || (options ->> 'app') || ', which answers at ' || (options ->> 'public_url')
      ELSE 'change the application ' || (picture #>> '{application,app_id}') || ': '
        || string_agg(d.field || ' = ' || (d.want #>> '{}'), ', ' ORDER BY d.field) END,
    'POST', 'Application/' || coalesce((picture #>> '{application,app_id}') || '/', ''),
    jsonb_object_agg(d.field, d.want) || CASE WHEN picture #>> '{application,app_id}' IS NULL
      THEN jsonb_build_object('app_name', options ->> 'app') ELSE '{}' END
  FROM masking.plivo_differing(picture -> 'application', masking.plivo_wanted(options), coalesce(
    (SELECT c.sent FROM masking.plivo_connection c WHERE c.app_id = picture #>> '{application,app_id}'), '{}')) d
  HAVING count(*) > 0
  UNION ALL
  SELECT d.number, d.verdict, d.number, d.number || ': ' || CASE d.verdict
      WHEN 'attach' THEN 'attach (' || coalesce('until now with the application ' || d.app, 'free until now') || ')'
        || CASE WHEN d.pooled THEN ''
           ELSE ', then put it into the pool (' || coalesce('prefix ' || nullif(d.prefix, ''), 'for everyone') || ', ' || d.language || ')' END
        || CASE WHEN d.sms THEN '' ELSE '; it takes no texts' END
      WHEN 'pool' THEN 'put it into the pool (' || coalesce('prefix ' || nullif(d.prefix, ''), 'for everyone') || ', ' || d.language || ')'
      ELSE 'enable it in the pool again' END,
    'POST', CASE d.verdict WHEN 'attach' THEN 'Number/' || d.number || '/' END,
    CASE d.verdict WHEN 'attach' THEN jsonb_build_object('app_id', picture #>> '{application,app_id}')
      ELSE jsonb_build_object('prefix', d.prefix, 'language', d.language) END
  FROM decided d
  WHERE d.verdict IN ('attach', 'pool', 'enable')
  UNION ALL
  SELECT d.number, CASE WHEN d.named OR d.taken OR d.pooled AND d.enabled THEN 'problem' ELSE 'note' END, d.number,
    d.number || ': left alone, it ' || CASE
      WHEN d.verdict = 'missing' THEN 'is not in this account'
      WHEN d.verdict = 'mute' THEN 'takes no calls'
      WHEN d.owner = 'ours' THEN 'is attached but not in the pool; name it, or use --all'
      WHEN d.owner = 'free' THEN 'is free; name it, or use --all'
      WHEN d.owner = 'other' THEN 'belongs to the application ' || d.app || '; --take ' || d.number || ' would take it'
      WHEN d.owner = 'trunk' THEN 'belongs to a SIP trunk; take it out there in Plivo''s console first'
      WHEN d.owner = 'subaccount' THEN 'belongs to the subaccount ' || masking.plivo_clean(d.subaccount) || '; connect with its PLIVO_AUTH_ID and token'
      ELSE 'belongs to something that is no application' END,
    NULL, NULL, NULL
  FROM decided d
  WHERE d.verdict IN ('missing', 'mute', 'alone')
$$;
COMMENT ON FUNCTION masking.plivo_plan_connect(jsonb, jsonb) IS 'The plan of connect.';

-- Numbers that still connect calls stay until they do not, unless it has to be now.
CREATE OR REPLACE FUNCTION masking.plivo_plan_disconnect(options jsonb, picture jsonb)
RETURNS TABLE (place bigint, action text, number bigint, words text, method text, path text, body jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT l.number, CASE WHEN k.number IS NULL THEN 'note' WHEN b.busy THEN 'problem' ELSE 'give_back' END, l.number,
    l.number || ': ' || CASE
      WHEN k.number IS NULL THEN 'left alone, it was attached by somebody else'
      WHEN b.busy THEN 'still connects calls; it is given to no new order, and given back when this is run again later (or at once with --now)'
      ELSE 'take it out of use, then ' || coalesce('give it back to the application ' || k.former, 'detach it, as it had no application before') END,
    'POST', 'Number/' || l.number || '/', jsonb_build_object('app_id', coalesce(k.former, ''))
  FROM masking.plivo_listed(picture, options ->> 'account') l
  LEFT JOIN masking.plivo_numbers k USING (number)
  CROSS JOIN LATERAL (SELECT options ->> 'now' IS DISTINCT FROM 'yes' AND EXISTS (
    SELECT FROM masking.live_routes() r WHERE r.proxy = l.number) AS busy) b
  WHERE l.owner = 'ours' AND NOT picture -> 'refused' ? l.number::text
$$;
COMMENT ON FUNCTION masking.plivo_plan_disconnect(jsonb, jsonb) IS 'The plan of disconnect.';

CREATE OR REPLACE FUNCTION masking.plivo_plan(command text, options jsonb, picture jsonb)
RETURNS TABLE (place bigint, action text, number bigint, words text, method text, path text, body jsonb)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What is still to be done, the application (place 0) before the numbers. action: create, change,
-- attach, give_back (requests), pool, enable (ours alone), problem and note (words alone).
-- Made anew after every answer: what has been done is not in it any more, so an interrupted run
-- goes on by beginning again.
-- Reads: plivo_connection, plivo_numbers, proxy_numbers, routes. Writes nothing.
-- Called by: plivo_decided.
  SELECT p.* FROM masking.plivo_plan_connect(options, picture) p WHERE command = 'connect'
  UNION ALL
  SELECT p.* FROM masking.plivo_plan_disconnect(options, picture) p WHERE command = 'disconnect'
$$;
COMMENT ON FUNCTION masking.plivo_plan(text, jsonb, jsonb) IS
  'What number-masking-plivo has still to do, from what it has read at Plivo.';
