CREATE OR REPLACE FUNCTION masking.said_time(at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN isfinite(at) THEN to_char(at, 'YYYY-MM-DD HH24:MI:SS TZ') WHEN at > now() THEN 'for ever' ELSE 'never' END
$$;
COMMENT ON FUNCTION masking.said_time(timestamptz) IS 'A time as people are told it, with the zone of the session.';

CREATE OR REPLACE FUNCTION masking.said_clock(at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$
  -- With the zone in the hour that comes twice.
  SELECT CASE
    WHEN isfinite(at) AND cardinality(masking.times_of(at::timestamp)) = 2 THEN masking.said_time(at)
    WHEN isfinite(at) THEN to_char(at, 'YYYY-MM-DD HH24:MI:SS')
    WHEN at > now() THEN 'for ever'
    ELSE 'never'
  END
$$;
COMMENT ON FUNCTION masking.said_clock(timestamptz) IS 'The same where the head of the column names the zone.';

CREATE OR REPLACE FUNCTION masking.said_zone(heading text) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT format('%s (%s)', heading, current_setting('TimeZone'))
$$;
COMMENT ON FUNCTION masking.said_zone(text) IS 'The head of a column of times.';

CREATE OR REPLACE FUNCTION masking.said_moment(at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT to_char(at, CASE WHEN at > now() - interval '12 hours' THEN 'HH24:MI' ELSE 'YYYY-MM-DD HH24:MI' END)
$$;
COMMENT ON FUNCTION masking.said_moment(timestamptz) IS 'A time within a sentence: of today without the day.';
