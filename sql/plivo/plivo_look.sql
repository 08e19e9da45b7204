-- check: what was seen is kept, compared with the pool, and some of it mended.

-- Keeps the look, and counts in how many looks on end a number was lost or gone. An empty list
-- counts for nothing: it is more likely to be wrong than true.
CREATE OR REPLACE FUNCTION masking.plivo_keep_look(r masking.plivo_runs) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO masking.plivo_look (looked_at, credits, prepaid, application)
  VALUES (clock_timestamp(), (r.picture #>> '{account,credits}')::numeric, (r.picture #>> '{account,prepaid}')::boolean,
    nullif(r.picture -> 'application', '{}'))
  ON CONFLICT (one) DO UPDATE SET (looked_at, credits, prepaid, application)
    = (EXCLUDED.looked_at, EXCLUDED.credits, EXCLUDED.prepaid, EXCLUDED.application);
  DELETE FROM masking.plivo_seen;
  INSERT INTO masking.plivo_seen (number, owner, voice, sms, renews, rent)
  SELECT l.number, l.owner, l.voice, l.sms, l.renews, l.rent FROM masking.plivo_listed(r.picture, r.options ->> 'account') l;
  DELETE FROM masking.plivo_suspects s
  WHERE NOT EXISTS (SELECT FROM masking.pool_drift d WHERE d.kind IN ('lost', 'gone') AND d.number = s.number::text);
  IF r.picture -> 'numbers' <> '{}' AND r.picture -> 'application' <> '{}' THEN
    INSERT INTO masking.plivo_suspects AS s (number, looks, since)
    SELECT d.number::bigint, 1, now() FROM masking.pool_drift d WHERE d.kind IN ('lost', 'gone')
    ON CONFLICT (number) DO UPDATE SET looks = s.looks + 1;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.plivo_keep_look(masking.plivo_runs) IS 'Keeps the look at Plivo, and counts findings on end.';

-- Takes numbers that do not ring here out of use, with brakes: found so in two looks, at most a
-- tenth of the pool at a time (but one), never a prefix's last number, and none at all when the
-- list is empty or our application gone: then it is not the numbers that are wrong.
CREATE OR REPLACE FUNCTION masking.plivo_fixed(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  left_to_fix integer := (SELECT greatest(1, count(*) / 10) FROM masking.proxy_numbers p WHERE p.enabled);
  suspect record;
BEGIN
  IF r.picture -> 'numbers' = '{}' OR r.picture -> 'application' = '{}' THEN
    r.words := r.words || '!Nothing is disabled: it is not the numbers that are wrong.'::text;
    RETURN r;
  END IF;
  FOR suspect IN
    SELECT d.number::bigint AS number, d.words, p.prefix, s.looks
    FROM masking.pool_drift d
    JOIN masking.plivo_suspects s ON s.number::text = d.number
    JOIN masking.proxy_numbers p ON p.number = d.number
    WHERE d.kind IN ('lost', 'gone')
    ORDER BY d.number::bigint
  LOOP
    IF suspect.looks < 2 THEN
      r.words := r.words || (suspect.number || ': disabled when the next look finds the same.');
    ELSIF NOT EXISTS (SELECT FROM masking.proxy_numbers p
      WHERE p.enabled AND p.prefix = suspect.prefix AND p.e164 <> suspect.number)
    THEN
      r.words := r.words || ('!' || suspect.number || ': not disabled, it is the last one '
        || coalesce('of prefix ' || nullif(suspect.prefix, ''), 'that serves everyone') || '.');
    ELSIF left_to_fix = 0 THEN
      r.words := r.words || ('!' || suspect.number || ': not disabled yet, a tenth of the pool at a time is enough.');
    ELSE
      PERFORM masking.plivo_switch_off(suspect.number);
      left_to_fix := left_to_fix - 1;
      r.words := r.words || (suspect.number || ': disabled in the pool.');
    END IF;
  END LOOP;
  RETURN r;
END
$$;
COMMENT ON FUNCTION masking.plivo_fixed(masking.plivo_runs) IS 'check --fix: takes numbers out of use that do not ring here, with brakes.';

CREATE OR REPLACE FUNCTION masking.plivo_decided_look(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The end of check: keeps the look, tells the drift, mends what may be mended.
-- Reads: pool_drift. Writes: plivo_look, plivo_seen, plivo_suspects; with --fix proxy_numbers and
-- plivo_numbers. Locks: their rows, numbers in ascending order.
-- Called by: plivo_decided.
DECLARE
  drift record;
BEGIN
  PERFORM masking.plivo_keep_look(r);
  FOR drift IN SELECT d.kind, d.words FROM masking.pool_drift d ORDER BY d.number, d.kind, d.words LOOP
    r.words := r.words || ('!' || drift.kind || ': ' || drift.words || '.');
    r.exit_code := 1;
  END LOOP;
  IF r.options ->> 'fix' = 'yes' THEN
    r := masking.plivo_fixed(r);
  END IF;
  IF r.exit_code = 0 THEN
    r.words := r.words || ('In step: ' || (SELECT count(*) FROM masking.plivo_seen s WHERE s.owner = 'ours') || ' numbers.');
  END IF;
  RETURN masking.plivo_ended(r, r.exit_code);
END
$$;
COMMENT ON FUNCTION masking.plivo_decided_look(masking.plivo_runs) IS
  'The end of number-masking-plivo check: what differs, and with --fix what is taken out of use.';
