CREATE OR REPLACE FUNCTION masking.times_of(on_the_clock timestamp) RETURNS timestamptz[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- When clocks of the session's zone showed this: never where they were put forward over it, twice where they were
  -- put back. (PostgreSQL takes one moment in each case; no clock was ever put further than these hours.)
  SELECT ARRAY(
    SELECT m.moment FROM generate_series(on_the_clock::timestamptz - interval '3 hours', on_the_clock::timestamptz + interval '3 hours', '10 minutes') AS m (moment)
    WHERE m.moment::timestamp = on_the_clock
    ORDER BY 1)
$$;
COMMENT ON FUNCTION masking.times_of(timestamp) IS 'The moments at which clocks of the session''s zone showed a time: none, one or two.';

CREATE OR REPLACE FUNCTION masking.typed_times(typed text) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO, YMD'
AS $$
-- What somebody typed as a time: 19:42 (the last one), 7:42 pm, 7 pm, and before it a day, as 2026-11-25 or 25.11.2026
-- (the day first), in the session's zone, or with an offset behind it, as -05 or UTC+2, or with the zone as said_time()
-- writes it. NULL for nothing and for anything else; empty: there was no such time; two: it came twice. Reads nothing.
DECLARE
  part CONSTANT text[] := regexp_match(upper(typed COLLATE "C"),
    '^ *(?:(?:([0-9]{4}-[0-9]{2}-[0-9]{2})|([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4}))(?:[ T]|, ?|(?= *$)))?'
    '(?:([0-9]{1,2})(:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,9})?)?)?(?: ?([AP])[.]?M[.]?)?)?'
    '(?: ?(Z|(?: ?(?:UTC|GMT))?[+-][0-9]{1,2}(?::?[0-9]{2})?)| ([A-Z]{3,5}))? *$');
  the_day CONSTANT text := coalesce(part[1], part[4] || '-' || part[3] || '-' || part[2]);
  the_clock CONSTANT text := CASE
    WHEN part[7] IS NOT NULL THEN CASE WHEN part[5]::integer BETWEEN 1 AND 12
      THEN part[5]::integer % 12 + CASE part[7] WHEN 'P' THEN 12 ELSE 0 END || coalesce(part[6], ':00') END
    ELSE part[5] || part[6] END;
  the_offset CONSTANT text := CASE WHEN part[9] IN ('UTC', 'GMT') THEN 'Z' ELSE regexp_replace(part[8], '[^-+:0-9Z]', '', 'g') END;
  the_zone CONSTANT text := CASE WHEN the_offset IS NULL THEN part[9] END;
  latest CONSTANT timestamptz := now() + interval '1 minute';
  times timestamptz[];
BEGIN
  IF the_clock IS NULL THEN
    -- A day begins once.
    RETURN CASE WHEN the_day IS NOT NULL AND coalesce(part[5], the_offset, the_zone) IS NULL THEN ARRAY[the_day::timestamptz] END;
  ELSIF the_offset IS NOT NULL THEN
    RETURN ARRAY(
      SELECT max(m.moment) FROM (
        SELECT (coalesce(the_day, d.day::text) || ' ' || the_clock || the_offset)::timestamptz AS moment
        -- (Offsets, theirs and ours, differ by up to a day and two hours.)
        FROM generate_series(current_date - 3, current_date + 2, '1 day') AS s (at) CROSS JOIN LATERAL (SELECT s.at::date AS day) d) m
      WHERE the_day IS NOT NULL OR m.moment <= latest);
  ELSIF the_day IS NOT NULL THEN
    times := masking.times_of((the_day || ' ' || the_clock)::timestamp);
  ELSE
    times := ARRAY(SELECT t FROM unnest(masking.times_of(current_date + the_clock::time)) t WHERE t <= latest);
    IF times = '{}' AND current_date + the_clock::time > localtimestamp THEN
      times := masking.times_of(current_date - 1 + the_clock::time);
    END IF;
  END IF;
  IF the_zone IS NOT NULL AND times <> '{}' THEN
    RETURN (SELECT array_agg(t) FROM unnest(times) t WHERE upper(to_char(t, 'TZ') COLLATE "C") = the_zone);
  END IF;
  RETURN times;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.typed_times(text) IS
  'The moments that somebody means by what they typed: one; two where clocks were put back; none where they were put forward; NULL: it is no time.';

CREATE OR REPLACE FUNCTION masking.unclear_time(times timestamptz[]) RETURNS masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- What a page says where it is not one moment.
  SELECT masking.line('answer', 'warn', '', '', u.words, format(u.details, current_setting('TimeZone'), u.said[1], u.said[2]))
  FROM (
    SELECT CASE WHEN times IS NULL THEN 'The time cannot be read.' WHEN times = '{}' THEN 'There was no such time.' ELSE 'That time came twice.' END AS words,
      CASE
        WHEN times IS NULL THEN 'Write it as 19:42, 7:42 pm, 2026-11-25 19:42 or 25.11.2026 19:42, in %s, or with an offset, as 2026-11-25 19:42-05; empty means now.'
        WHEN times = '{}' THEN 'Clocks in %s were put forward over it. Write an earlier or a later one, or an offset behind it, as -05.'
        ELSE 'Clocks in %s were put back. Write %s for the first, or %s for the second.'
      END AS details,
      ARRAY(SELECT to_char(t, CASE WHEN extract(second FROM t) = 0 THEN 'YYYY-MM-DD HH24:MIOF' ELSE 'YYYY-MM-DD HH24:MI:SSOF' END) FROM unnest(times) t) AS said
  ) u
$$;
COMMENT ON FUNCTION masking.unclear_time(timestamptz[]) IS 'What to type instead of a time that is none, was none or came twice.';
