-- What an answer means: it becomes part of the picture, or ends the run.

-- Text of others for a terminal: nothing that moves the cursor or turns the writing round.
CREATE OR REPLACE FUNCTION masking.plivo_clean(dirty text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT left(btrim(regexp_replace(dirty, E'[ \u0001-\u001F\u007F-\u00A0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF]+', ' ', 'g')), 200)
$$;
COMMENT ON FUNCTION masking.plivo_clean(text) IS 'Text of others, fit for a terminal: at most 200 characters, no control characters.';

-- NULL when it is no JSON object.
CREATE OR REPLACE FUNCTION masking.plivo_json(answered text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE WHEN jsonb_typeof(answered::jsonb) = 'object' THEN answered::jsonb END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.plivo_json(text) IS 'An answer as a JSON object; NULL when it is none.';

-- "HTTP 400: answer_url parameter is missing (api_id 7a5c…)"
CREATE OR REPLACE FUNCTION masking.plivo_said(status integer, answer jsonb, answered text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN status = 0 THEN 'no answer' ELSE 'HTTP ' || status END
    || coalesce(': ' || nullif(masking.plivo_clean(
      CASE WHEN answer IS NULL THEN answered ELSE coalesce(answer ->> 'error', answer ->> 'message') END), ''), '')
    || coalesce(' (api_id ' || masking.plivo_clean(answer ->> 'api_id') || ')', '')
$$;
COMMENT ON FUNCTION masking.plivo_said(integer, jsonb, text) IS 'What an answer says, in one line.';

CREATE OR REPLACE FUNCTION masking.plivo_ended(r masking.plivo_runs, code integer) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  r.phase := 'end';
  r.exit_code := greatest(r.exit_code, code);
  r.ended_at := clock_timestamp();
  r.picture := '{}';
  r.step := NULL;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_ended(masking.plivo_runs, integer) IS 'A run at its end.';

-- The front door: our own server, asked as Plivo would ask it, and then as a stranger would.
CREATE OR REPLACE FUNCTION masking.plivo_noted_door(r masking.plivo_runs, status integer, answered text) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  door text := r.options ->> 'public_url';
  problem text;
BEGIN
  IF r.phase = 'door' THEN
    problem := CASE
      WHEN status = 200 AND btrim(answered, E' \r\n') = 'ok' THEN NULL
      WHEN status = 200 THEN 'something else answers there'
      WHEN status = 0 THEN 'it cannot be reached from here: ' || masking.plivo_clean(answered)
      WHEN status = 403 THEN 'the server there was given another PUBLIC_URL or another auth token'
      WHEN status BETWEEN 300 AND 399 THEN 'it leads elsewhere (HTTP ' || status || '); Plivo''s signatures are for the URL as written'
      WHEN status = 404 THEN 'nothing of number-masking is there (HTTP 404), or its version is too old'
      ELSE 'it is out of order (HTTP ' || status || ')'
    END;
  ELSE
    problem := CASE WHEN status = 200 THEN 'the server there takes requests that nobody signed' END;
  END IF;
  IF problem IS NOT NULL THEN
    r.words := r.words || ('!The front door, ' || door || ': ' || problem || '.');
    r.exit_code := 1;
    IF r.command = 'connect' THEN
      r.words := r.words || (CASE r.round WHEN 1 THEN '!Nothing was changed.' ELSE '!It was well before. Try: number-masking-plivo check' END)::text;
      RETURN masking.plivo_ended(r, 1);
    END IF;
  ELSIF r.phase = 'forged' THEN
    r.words := r.words || ('The front door, ' || door || ', opens to Plivo''s signature'
      || CASE r.round WHEN 2 THEN ' still.' ELSE ', and to no other.' END);
  END IF;
  IF r.round = 2 AND r.phase = 'forged' THEN
    RETURN masking.plivo_ended(r, r.exit_code);
  END IF;
  r.phase := CASE WHEN r.phase = 'door' AND problem IS NULL THEN 'forged' ELSE 'account' END;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_door(masking.plivo_runs, integer, text) IS 'What the answer of our own front door means.';

-- The account: is it the one, and is there money on it?
CREATE OR REPLACE FUNCTION masking.plivo_noted_account(r masking.plivo_runs, answer jsonb) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  credits numeric := CASE WHEN answer ->> 'cash_credits' ~ '^-?[0-9]{1,15}([.][0-9]{1,9})?$' THEN (answer ->> 'cash_credits')::numeric END;
  prepaid boolean := answer ->> 'billing_mode' IS DISTINCT FROM 'postpaid' AND answer ->> 'auto_recharge' IS DISTINCT FROM 'true';
BEGIN
  IF answer ->> 'auth_id' IS DISTINCT FROM r.options ->> 'account' AND answer ? 'auth_id' THEN
    r.words := r.words || ('!Plivo answers for the account ' || masking.plivo_clean(answer ->> 'auth_id') || ', not for '
      || (r.options ->> 'account') || '. Nothing was changed.');
    RETURN masking.plivo_ended(r, 1);
  END IF;
  r.picture := r.picture || jsonb_build_object('account', jsonb_build_object('credits', credits, 'prepaid', prepaid));
  IF r.command <> 'check' THEN
    r.words := r.words || ('Account ' || (r.options ->> 'account')
      || coalesce(', ' || nullif(masking.plivo_clean(answer ->> 'name'), ''), '')
      || coalesce(', with ' || round(credits, 2) || ' credits', '') || '.');
  END IF;
  IF prepaid AND credits <= 0 THEN
    r.words := r.words || '!The account has no credit: Plivo connects no call until it has.'::text;
    r.exit_code := CASE r.command WHEN 'check' THEN 1 ELSE r.exit_code END;
  ELSIF prepaid AND credits < 10 AND r.command = 'connect' THEN
    r.words := r.words || '!Credits are low: with none, Plivo connects no call.'::text;
  END IF;
  r.phase := CASE
    WHEN r.command = 'disconnect' THEN 'numbers'
    WHEN r.picture #>> '{application,app_id}' IS NOT NULL THEN 'application'
    ELSE 'applications' END;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_account(masking.plivo_runs, jsonb) IS 'What the answer about the account means.';

-- One page of a list: the entries, and whether it is the last. Anything else than a page is none.
CREATE OR REPLACE FUNCTION masking.plivo_page(answer jsonb, OUT entries jsonb, OUT last boolean, OUT total integer)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN jsonb_typeof(answer -> 'objects') = 'array' AND jsonb_typeof(answer -> 'meta') = 'object' THEN answer -> 'objects' END,
    coalesce(answer #>> '{meta,next}', '') = '',
    CASE WHEN answer #>> '{meta,total_count}' ~ '^[0-9]{1,9}$' THEN (answer #>> '{meta,total_count}')::integer END
$$;
COMMENT ON FUNCTION masking.plivo_page(jsonb) IS 'One page of a list of Plivo''s.';

-- How the list goes on behind a page with these entries: at the next page, or complete. It can shift while
-- it is read: then pages overlap, or leave one out, and the count does not fit (total NULL: it is not
-- compared), and it is read again from the beginning. A page that brings nothing new, and yet is not
-- the last, would go on for ever; so would 50,000 entries.
CREATE OR REPLACE FUNCTION masking.plivo_turned_page(INOUT r masking.plivo_runs, entries text[], last boolean, total integer, OUT complete boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before jsonb := coalesce(CASE WHEN r.place > 0 THEN r.picture -> 'read' END, '{}');
  read jsonb := before || coalesce((SELECT jsonb_object_agg(e.entry, true) FROM unnest(entries) AS e (entry)), '{}');
  many integer := (SELECT count(*) FROM jsonb_object_keys(read));
  list text := 'Plivo''s list of ' || r.phase;
BEGIN
  complete := false;
  IF r.place = 0 THEN
    r.picture := r.picture || jsonb_build_object('counted', total);
  END IF;
  r.picture := r.picture || jsonb_build_object('read', read);
  IF (r.picture ->> 'counted')::integer IS DISTINCT FROM total OR many > total OR last AND many < total THEN
    IF r.readings >= 4 THEN
      r.words := r.words || ('!' || list || ' changes while it is read. Try again later; what is not in the list was left alone.');
      r := masking.plivo_ended(r, 3);
    ELSE
      r.readings := r.readings + 1;
      r.pause := 1;
      r.place := 0;
    END IF;
  ELSIF last THEN
    complete := true;
    r.readings := 0;
    r.place := 0;
    r.picture := r.picture - 'read';
  ELSIF read = before OR many >= 50000 THEN
    r.words := r.words || ('!' || list || ' does not end. Try again later; what is not in the list was left alone.');
    r := masking.plivo_ended(r, 3);
  ELSE
    r.place := r.place + 20;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.plivo_turned_page(masking.plivo_runs, text[], boolean, integer) IS 'Goes on to a list''s next page, or tells that it is complete.';

-- The application by name. Plivo's filter matches beginnings, so the name is compared here. Whether it
-- counts what it filters, nobody says.
CREATE OR REPLACE FUNCTION masking.plivo_noted_applications(r masking.plivo_runs, answer jsonb) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  page record := masking.plivo_page(answer);
  turned record;
  named jsonb;
  their_url text;
BEGIN
  named := coalesce(CASE WHEN r.place > 0 THEN r.picture -> 'named' END, '[]') || coalesce(
    (SELECT jsonb_agg(a.value) FROM jsonb_array_elements(page.entries) a
     WHERE a.value ->> 'app_name' = r.options ->> 'app' AND a.value ->> 'app_id' ~ '^[0-9A-Za-z-]{1,40}$'), '[]');
  r.picture := r.picture || jsonb_build_object('named', named);
  turned := masking.plivo_turned_page(r, ARRAY(
    SELECT coalesce(a.value ->> 'app_id', a.value::text) FROM jsonb_array_elements(page.entries) a), page.last, NULL);
  r := turned.r;
  IF NOT turned.complete THEN
    RETURN r;
  END IF;
  IF (SELECT count(DISTINCT a.value ->> 'app_id') FROM jsonb_array_elements(named) a) > 1 THEN
    r.words := r.words || ('!There are several applications named ' || (r.options ->> 'app') || ': '
      || (SELECT string_agg(DISTINCT masking.plivo_clean(a.value ->> 'app_id') || ' (' || coalesce(masking.plivo_clean(a.value ->> 'answer_url'), 'no answer URL') || ')', ', ')
          FROM jsonb_array_elements(named) a)
      || '. Delete or rename all but one in Plivo''s console, or name another by --app. Nothing was changed.');
    RETURN masking.plivo_ended(r, 1);
  END IF;
  -- One of that name that answers elsewhere may be another installation of this service, whose
  -- calls would come here.
  their_url := nullif(named #>> '{0,answer_url}', '');
  IF starts_with(their_url, (r.options ->> 'public_url') || '/') IS FALSE AND NOT r.options -> 'take' ? (r.options ->> 'app') THEN
    r.words := r.words || ('!The application ' || (r.options ->> 'app') || ' (' || (named #>> '{0,app_id}') || ') is in use for '
      || masking.plivo_clean(their_url) || '. Name another by --app, or take it with --take ' || (r.options ->> 'app') || '. Nothing was changed.');
    RETURN masking.plivo_ended(r, 1);
  END IF;
  r.picture := r.picture - 'named' || jsonb_build_object('application', coalesce(named -> 0, '{}'));
  -- Back from a creation whose outcome nobody knew: the numbers have been read.
  r.phase := CASE WHEN r.tries > 0 THEN 'plan' ELSE 'numbers' END;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_applications(masking.plivo_runs, jsonb) IS 'What a page of applications means.';

-- One page of the numbers. What is no phone number, as a short code, is counted, told of, and left
-- alone.
CREATE OR REPLACE FUNCTION masking.plivo_noted_numbers(r masking.plivo_runs, answer jsonb) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  page record := masking.plivo_page(answer);
  turned record;
  phone CONSTANT text := '^[+]?[1-9][0-9]{6,14}$';
  found jsonb;
  strange jsonb;
  others jsonb := coalesce(CASE WHEN r.place > 0 THEN r.picture -> 'others' END, '{}');
BEGIN
  found := coalesce((
    SELECT jsonb_object_agg(regexp_replace(n.value ->> 'number', '^[+]', ''), n.value - ARRAY[
      'alias', 'added_on', 'carrier', 'city', 'resource_uri', 'mms_rate', 'sms_rate', 'voice_rate', 'verification_info'])
    FROM jsonb_array_elements(page.entries) n
    WHERE n.value ->> 'number' ~ phone), '{}');
  strange := coalesce((
    SELECT jsonb_object_agg(coalesce(n.value ->> 'number', n.value::text), true)
    FROM jsonb_array_elements(page.entries) n
    WHERE (n.value ->> 'number' ~ phone) IS NOT TRUE), '{}');
  others := others || strange;
  r.picture := r.picture || jsonb_build_object('others', others,
    'numbers', CASE WHEN r.place = 0 THEN '{}' ELSE r.picture -> 'numbers' END || found);
  turned := masking.plivo_turned_page(r, ARRAY(SELECT jsonb_object_keys(found || strange)), page.last, page.total);
  r := turned.r;
  IF turned.complete THEN
    IF others <> '{}' AND r.round = 1 THEN
      r.words := r.words || ('Left alone, as no phone number: '
        || masking.plivo_clean((SELECT string_agg(o.key, ', ' ORDER BY o.key) FROM jsonb_object_keys(others) AS o (key))) || '.');
    END IF;
    r.phase := CASE r.command WHEN 'check' THEN 'look' ELSE 'plan' END;
  END IF;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_numbers(masking.plivo_runs, jsonb) IS 'What a page of numbers means.';

-- The application may have been created or not: look before it is tried again, for creating twice
-- makes two.
CREATE OR REPLACE FUNCTION masking.plivo_noted_unknown(r masking.plivo_runs, said text) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  r.tries := r.tries + 1;
  IF r.tries > 4 THEN
    r.words := r.words || ('!The application cannot be created: ' || said || '. Run this again later.');
    RETURN masking.plivo_ended(r, 3);
  END IF;
  r.words := r.words || ('!Was the application created? ' || said || '. Looking.');
  r.pause := 2 ^ (r.tries - 1);
  r.place := 0;
  r.phase := 'applications';
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_unknown(masking.plivo_runs, text) IS 'The creation of the application had no answer: it is looked for first.';

-- A change was answered.
CREATE OR REPLACE FUNCTION masking.plivo_noted_step(r masking.plivo_runs, status integer, answer jsonb, said text) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  action text := r.step ->> 'action';
  digits text := r.step ->> 'number';
  created text := answer ->> 'app_id';
BEGIN
  r.phase := 'plan';
  IF status NOT BETWEEN 200 AND 299 OR action = 'create' AND created ~ '^[0-9A-Za-z-]{1,40}$' IS NOT TRUE THEN
    r.exit_code := 1;
    IF digits IS NULL THEN
      r.words := r.words || ('!Plivo refuses the application''s settings: ' || said || '. No number was touched.');
      RETURN masking.plivo_ended(r, 1);
    END IF;
    r.words := r.words || ('!' || digits || ': Plivo refuses it: ' || said || '.');
    r.picture := jsonb_set(r.picture, ARRAY['refused', digits], 'true');
    RETURN r;
  END IF;
  CASE action
    WHEN 'create', 'change' THEN
      r.picture := jsonb_set(r.picture, '{application}', (r.picture -> 'application') || (r.step -> 'body')
        || jsonb_build_object('app_id', coalesce(created, r.picture #>> '{application,app_id}')));
      PERFORM masking.plivo_keep_connection(r, masking.plivo_wanted(r.options));
      r.words := r.words || ('Application ' || (r.picture #>> '{application,app_id}') || ': '
        || CASE action WHEN 'create' THEN 'created.' ELSE 'changed.' END);
    ELSE
      r.picture := jsonb_set(r.picture, ARRAY['numbers', digits, 'application'],
        to_jsonb('Application/' || (r.step #>> '{body,app_id}') || '/'));
      r.words := r.words || (digits || ': ' || CASE
        WHEN action = 'attach' THEN 'attached.'
        WHEN r.step #>> '{body,app_id}' = '' THEN 'detached; it had no application before.'
        ELSE 'given back to the application ' || (r.step #>> '{body,app_id}') || '.' END);
  END CASE;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted_step(masking.plivo_runs, integer, jsonb, text) IS 'What the answer to a change means.';

CREATE OR REPLACE FUNCTION masking.plivo_noted(r masking.plivo_runs, status integer, answered text) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The run with this answer noted: the picture, what to say, and the next phase.
-- Reads and writes nothing itself; plivo_noted_step does, when a change was answered.
-- Called by: plivo_turn.
DECLARE
  answer jsonb := masking.plivo_json(answered);
  said text := masking.plivo_said(status, answer, answered);
BEGIN
  CASE
    WHEN r.phase IN ('door', 'forged') THEN
      RETURN masking.plivo_noted_door(r, status, answered);
    WHEN status = 401 OR status IN (403, 404) AND r.phase = 'account' THEN
      r.words := r.words || ('!Plivo refuses PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN: ' || said || '.');
      RETURN masking.plivo_ended(r, 4);
    WHEN r.phase = 'doing' AND r.step ->> 'action' = 'create' AND (status = 0 OR status >= 500) THEN
      RETURN masking.plivo_noted_unknown(r, said);
    WHEN status IN (0, 429) OR status >= 500 THEN
      r.words := r.words || ('!Plivo does not answer as it should: ' || said || '. Run this again later; it goes on where it stopped.');
      RETURN masking.plivo_ended(r, 3);
    WHEN r.phase = 'doing' THEN
      RETURN masking.plivo_noted_step(r, status, answer, said);
    WHEN r.phase = 'application' AND status = 404 THEN
      r.picture := r.picture || jsonb_build_object('application', jsonb_build_object());
      r.phase := CASE WHEN r.command = 'connect' AND r.round = 1 THEN 'applications' ELSE 'numbers' END;
      RETURN r;
    WHEN status <> 200 OR answer IS NULL
      OR r.phase IN ('applications', 'numbers') AND (masking.plivo_page(answer)).entries IS NULL
    THEN
      r.words := r.words || ('!Plivo answered what nobody expected: ' || said || '.');
      RETURN masking.plivo_ended(r, 3);
    WHEN r.phase = 'account' THEN
      RETURN masking.plivo_noted_account(r, answer);
    WHEN r.phase = 'application' THEN
      r.picture := r.picture || jsonb_build_object('application',
        answer || jsonb_build_object('app_id', r.picture #> '{application,app_id}'));
      r.phase := 'numbers';
      RETURN r;
    WHEN r.phase = 'applications' THEN
      RETURN masking.plivo_noted_applications(r, answer);
    ELSE
      RETURN masking.plivo_noted_numbers(r, answer);
  END CASE;
END
$$;
COMMENT ON FUNCTION masking.plivo_noted(masking.plivo_runs, integer, text) IS
  'What an answer of Plivo''s, or of our own front door, means for a run.';
