-- Steps of a run that ask nobody: what to do next, what to keep, how to end.

-- Behind what was said last, when another number is done: " (3 of 100)".
CREATE OR REPLACE FUNCTION masking.plivo_progress(r masking.plivo_runs, remaining bigint) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF r.total > 1 AND remaining < (r.picture ->> 'remaining')::integer AND cardinality(r.words) > 0 THEN
    r.words[cardinality(r.words)] := r.words[cardinality(r.words)] || ' (' || r.total - remaining || ' of ' || r.total || ')';
  END IF;
  r.picture := r.picture || jsonb_build_object('remaining', remaining);
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_progress(masking.plivo_runs, bigint) IS 'Says how many of how many numbers are done.';

CREATE OR REPLACE FUNCTION masking.plivo_keep_connection(r masking.plivo_runs, sent jsonb) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO masking.plivo_connection AS c (account, app_id, app_name, public_url, sent)
  VALUES (r.options ->> 'account', r.picture #>> '{application,app_id}',
    coalesce(masking.plivo_clean(r.picture #>> '{application,app_name}'), r.options ->> 'app'), r.options ->> 'public_url', sent)
  ON CONFLICT (one) DO UPDATE SET (account, app_id, app_name, public_url, sent, connected_at)
    = (EXCLUDED.account, EXCLUDED.app_id, EXCLUDED.app_name, EXCLUDED.public_url, EXCLUDED.sent, now())
  WHERE (c.account, c.app_id, c.app_name, c.public_url, c.sent)
    <> (EXCLUDED.account, EXCLUDED.app_id, EXCLUDED.app_name, EXCLUDED.public_url, EXCLUDED.sent)
$$;
COMMENT ON FUNCTION masking.plivo_keep_connection(masking.plivo_runs, jsonb) IS 'Keeps which account and application the pool is connected to.';

-- Into the pool, or enabled there again. Whoever holds masking_plivo's password could ask it about any
-- number, so it does not tell why not: not even whether it was that number or its prefix. PostgreSQL's log has why.
CREATE OR REPLACE FUNCTION masking.plivo_pool(wanted bigint, prefix text, language text) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE masking.proxy_numbers p SET enabled = true WHERE p.e164 = wanted;
  IF NOT FOUND THEN
    INSERT INTO masking.proxy_numbers (number, prefix, language) VALUES ('+' || wanted, prefix, language);
  END IF;
  UPDATE masking.plivo_numbers k SET switched_off = false WHERE k.number = wanted;
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  RAISE LOG 'masking: the pool did not take a number from %: %', session_user, SQLSTATE;
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.plivo_pool(bigint, text, text) IS 'Puts a number into the pool or enables it there; false: the pool does not take it.';

-- Out of use in the pool: given to no new order.
CREATE OR REPLACE FUNCTION masking.plivo_switch_off(wanted bigint) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO masking.plivo_numbers AS k (number, switched_off)
  SELECT p.e164, true FROM masking.proxy_numbers p WHERE p.e164 = wanted AND p.enabled
  ON CONFLICT (number) DO UPDATE SET switched_off = true;
  UPDATE masking.proxy_numbers p SET enabled = false WHERE p.e164 = wanted AND p.enabled;
$$;
COMMENT ON FUNCTION masking.plivo_switch_off(bigint) IS 'Disables a number in the pool, so that connect may enable it again.';

-- The next thing of the plan: a request (phase "doing"), or something of our own, done here.
CREATE OR REPLACE FUNCTION masking.plivo_do(r masking.plivo_runs, next jsonb) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  action text := next ->> 'action';
  wanted bigint := (next ->> 'number')::bigint;
BEGIN
  r.picture := r.picture || '{"touched": true}';
  IF action IN ('pool', 'enable') THEN
    IF NOT masking.plivo_pool(wanted, next #>> '{body,prefix}', next #>> '{body,language}') THEN
      r.picture := jsonb_set(r.picture, ARRAY['refused', wanted::text], 'true');
      r.words := r.words || ('!' || wanted || ': the pool does not take it. The owner, who may INSERT it INTO masking.proxy_numbers, is told why.');
      r.exit_code := 1;
    ELSE
      r.words := r.words || (wanted || ': ' || CASE action WHEN 'pool' THEN 'in the pool.' ELSE 'in use again.' END);
    END IF;
    RETURN r;
  END IF;
  IF action = 'attach' THEN
    -- Before it is sent: whatever happens then, the way back is known.
    INSERT INTO masking.plivo_numbers AS k (number, former, sms)
    SELECT l.number, l.app, l.sms FROM masking.plivo_listed(r.picture, r.options ->> 'account') l WHERE l.number = wanted
    ON CONFLICT (number) DO UPDATE SET (former, sms, attached_at) = (EXCLUDED.former, EXCLUDED.sms, now());
  ELSIF action = 'give_back' THEN
    PERFORM masking.plivo_switch_off(wanted);
  END IF;
  r.step := next;
  r.phase := 'doing';
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_do(masking.plivo_runs, jsonb) IS 'Does the next thing of the plan, or has it asked for.';

-- Everything was read: say what will be done, or would be, or was not done although Plivo said so.
CREATE OR REPLACE FUNCTION masking.plivo_decided_plan(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tells constant text[] := '{problem,note}';
  yes constant boolean := coalesce(r.options ->> 'yes' = 'yes', false);
  one record;
  steps integer;
BEGIN
  IF r.total = 0 AND r.picture -> 'touched' IS NULL AND r.round = 1 THEN
    FOR one IN
      SELECT p.* FROM masking.plivo_plan(r.command, r.options, r.picture) p ORDER BY p.action = ANY (tells), p.place
    LOOP
      IF one.action = ANY (tells) THEN
        r.words := r.words || (CASE one.action WHEN 'problem' THEN '!' ELSE '' END || one.words || '.');
        r.exit_code := greatest(r.exit_code, (one.action = 'problem')::integer);
        IF yes AND r.command = 'disconnect' AND one.action = 'problem' THEN
          PERFORM masking.plivo_switch_off(one.number);
        END IF;
      ELSIF NOT yes THEN
        r.words := r.words || ('would ' || one.words);
      END IF;
    END LOOP;
    SELECT count(DISTINCT p.number), count(*) INTO r.total, steps
    FROM masking.plivo_plan(r.command, r.options, r.picture) p WHERE p.action <> ALL (tells);
    IF steps = 0 THEN
      r.words := r.words || 'There is nothing to do.'::text;
    ELSIF NOT yes THEN
      r.words := r.words || ('Nothing was changed. With --yes it is done.')::text;
    END IF;
  END IF;
  IF NOT yes THEN
    RETURN masking.plivo_ended(r, 0);
  END IF;
  IF r.round = 1 THEN
    -- A number is there once: with the next thing that is to be done about it.
    SELECT p.*, count(p.number) OVER () AS remaining INTO one
    FROM masking.plivo_plan(r.command, r.options, r.picture) p
    WHERE p.action <> ALL (tells) ORDER BY p.place LIMIT 1;
    r := masking.plivo_progress(r, coalesce(one.remaining, 0));
    IF one.action IS NOT NULL THEN
      RETURN masking.plivo_do(r, to_jsonb(one));
    END IF;
    IF r.command = 'connect' THEN
      PERFORM masking.plivo_keep_connection(r, masking.plivo_wanted(r.options));
    END IF;
    IF r.picture -> 'touched' IS NULL AND r.command = 'connect' THEN
      PERFORM masking.plivo_keep_look(r);
      RETURN masking.plivo_ended(r, 0);
    END IF;
    -- A 202 proves nothing.
    r.round := 2;
    r.place := 0;
    r.phase := CASE r.command WHEN 'connect' THEN 'application' ELSE 'numbers' END;
    RETURN r;
  END IF;
  FOR one IN
    SELECT p.* FROM masking.plivo_plan(r.command, r.options, r.picture) p WHERE p.action <> ALL (tells) ORDER BY p.place
  LOOP
    r.words := r.words || ('!Plivo said that it was done, and it is not: ' || one.words || '.');
    r.exit_code := 1;
  END LOOP;
  IF r.command = 'connect' THEN
    PERFORM masking.plivo_keep_look(r);
    r.phase := 'door';
    RETURN r;
  END IF;
  IF NOT EXISTS (
    SELECT FROM masking.plivo_listed(r.picture, r.options ->> 'account') l JOIN masking.plivo_numbers k USING (number)
    WHERE l.owner = 'ours')
  THEN
    DELETE FROM masking.plivo_connection;
    r.words := r.words || ('The application ' || (r.picture #>> '{application,app_id}') || ' stays at Plivo, without the numbers.');
  END IF;
  RETURN masking.plivo_ended(r, 0);
END
$$;
COMMENT ON FUNCTION masking.plivo_decided_plan(masking.plivo_runs) IS 'The next step of connect or disconnect.';

CREATE OR REPLACE FUNCTION masking.plivo_decided(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The run one step further, where that takes no request: the plan (connect, disconnect) or the look
-- (check).
-- Reads: what plivo_plan reads. Writes: plivo_connection, plivo_numbers, proxy_numbers, and for a
-- look what plivo_keep_look writes. Locks: what those writes lock, numbers in ascending order.
-- Called by: plivo_turn.
BEGIN
  IF r.phase = 'plan' THEN
    RETURN masking.plivo_decided_plan(r);
  END IF;
  RETURN masking.plivo_decided_look(r);
END
$$;
COMMENT ON FUNCTION masking.plivo_decided(masking.plivo_runs) IS
  'Takes a run of number-masking-plivo further where nobody has to be asked.';
