-- check: what was seen is kept, compared with the pool, and some of it mended.

-- Why the last look is not believed when it says that numbers do not ring here; NULL: it is. Those that
-- --fix or disconnect disabled count too, or a wrong list would take a tenth of what is left each hour.
CREATE OR REPLACE FUNCTION masking.plivo_doubt() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT count(*) FILTER (WHERE s.owner IS DISTINCT FROM 'ours') || ' of ' || count(*)
    || ' numbers of the pool are missing in Plivo''s list or attached elsewhere, more than a tenth'
  FROM masking.proxy_numbers p
  LEFT JOIN masking.plivo_numbers k ON k.number = p.e164
  LEFT JOIN masking.plivo_seen s ON s.number = p.e164
  WHERE p.enabled OR k.switched_off
  HAVING count(*) FILTER (WHERE s.owner IS DISTINCT FROM 'ours') > greatest(1, count(*) / 10)
$$;
COMMENT ON FUNCTION masking.plivo_doubt() IS 'Why the last look is not believed: over a tenth of the pool is missing; NULL: it is.';

-- Keeps the look, and since when looks on end have found a number lost or gone. One that is not
-- believed counts for nothing.
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
  IF masking.plivo_doubt() IS NULL THEN
    INSERT INTO masking.plivo_suspects AS s (number, since)
    SELECT d.number::bigint, now() FROM masking.pool_drift d WHERE d.kind IN ('lost', 'gone')
    ON CONFLICT DO NOTHING;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.plivo_keep_look(masking.plivo_runs) IS 'Keeps the look at Plivo, and counts findings on end.';

-- Takes numbers that do not ring here out of use, and their orders off them, with brakes: found so by looks an hour apart, never a
-- prefix's last number, and none at all while over a tenth of the pool is missing: then it is
-- not the numbers that are wrong.
CREATE OR REPLACE FUNCTION masking.plivo_fixed(r masking.plivo_runs) RETURNS masking.plivo_runs
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  doubt text := masking.plivo_doubt();
  suspect record;
  on_it integer;
BEGIN
  IF doubt IS NOT NULL THEN
    r.words := r.words || ('!Nothing is disabled: ' || doubt || '. What is gone for good: SELECT masking.replace_number() of it, and when nobody is on it any more DELETE it FROM masking.proxy_numbers.');
    RETURN r;
  END IF;
  FOR suspect IN
    SELECT d.number::bigint AS number, d.words, p.prefix, s.since
    FROM masking.pool_drift d
    JOIN masking.plivo_suspects s ON s.number::text = d.number
    JOIN masking.proxy_numbers p ON p.number = d.number
    WHERE d.kind IN ('lost', 'gone')
    ORDER BY d.number::bigint
  LOOP
    IF suspect.since > now() - interval '1 hour' THEN
      r.words := r.words || (suspect.number || ': disabled when a look an hour after the first finds the same.');
    ELSIF NOT EXISTS (SELECT FROM masking.proxy_numbers p
      WHERE p.enabled AND p.prefix = suspect.prefix AND p.e164 <> suspect.number)
    THEN
      r.words := r.words || ('!' || suspect.number || ': not disabled, it is the last one '
        || coalesce('of prefix ' || nullif(suspect.prefix, ''), 'that serves everyone') || '.');
    ELSE
      PERFORM masking.plivo_switch_off(suspect.number);
      on_it := masking.replace_number(suspect.number::text);
      r.words := r.words || (suspect.number || ': disabled in the pool'
        || CASE WHEN on_it > 0 THEN '; its ' || on_it || ' live orders get other numbers.' ELSE '.' END);
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
-- Reads: pool_drift. Writes: plivo_look, plivo_seen, plivo_suspects; with --fix proxy_numbers,
-- plivo_numbers and what replace_number writes. Locks: their rows, numbers in ascending order.
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
