CREATE OR REPLACE FUNCTION masking.calls_by_hour(hours integer)
RETURNS TABLE (hour timestamptz, class text, calls bigint, calls_before bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Of each of the last hours, the present one included, what its calls count as, and how many calls the same hour had
  -- the day before. Reads calls by time, of the day before their times alone.
  -- (date_bin counts microseconds; date_trunc would ask the calendar about each call.)
  WITH first AS (
    SELECT date_trunc('hour', now()) - make_interval(hours => calls_by_hour.hours - 1) AS hour
  ), each AS (
    SELECT f.hour + make_interval(hours => h.place) AS hour FROM first f, generate_series(0, calls_by_hour.hours - 1) AS h (place)
  ), became AS MATERIALIZED (
    SELECT date_bin('1 hour', l.called_at, date_trunc('hour', now())) AS hour, l.class, count(*) AS calls
    FROM masking.call_life l
    WHERE l.called_at >= (SELECT f.hour FROM first f)
    GROUP BY 1, 2
  ), before AS MATERIALIZED (
    SELECT date_bin('1 hour', c.called_at, date_trunc('hour', now())) + interval '24 hours' AS hour, count(*) AS calls
    FROM masking.calls c
    WHERE c.called_at >= (SELECT f.hour FROM first f) - interval '24 hours' AND c.called_at < date_trunc('hour', now()) - interval '23 hours'
    GROUP BY 1
  )
  SELECT h.hour, b.class, b.calls, coalesce(y.calls, 0)
  FROM each h
  LEFT JOIN became b ON b.hour = h.hour
  LEFT JOIN before y ON y.hour = h.hour
  ORDER BY h.hour
$$;
COMMENT ON FUNCTION masking.calls_by_hour(integer) IS
  'The calls of the last hours by hour and what they count as, beside how many the hour of the day before had.';
