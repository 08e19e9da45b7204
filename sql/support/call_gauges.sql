CREATE OR REPLACE FUNCTION masking.usual_calls() RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Whether silence means something: how many calls this half hour had on the seven days before, as far back as there are
  -- calls. The day in the middle, so that a holiday does not matter; and no more than a week ago, as some have their day of
  -- rest. Each is counted to a hundred, which is a few pages of the index however many calls there are.
  SELECT coalesce(least(percentile_disc(0.5) WITHIN GROUP (ORDER BY d.calls), min(d.calls) FILTER (WHERE d.ago = 7)), 0)
  FROM (
    SELECT g.ago, (
      SELECT count(*) FROM (
        SELECT FROM masking.calls c
        WHERE c.called_at > now() - g.ago * interval '24 hours' - interval '30 minutes' AND c.called_at <= now() - g.ago * interval '24 hours'
        LIMIT 100) c) AS calls
    FROM generate_series(1, 7) AS g (ago)
    WHERE (SELECT c.called_at FROM masking.calls c ORDER BY c.called_at LIMIT 1) <= now() - g.ago * interval '24 hours' - interval '30 minutes'
  ) d
$$;
COMMENT ON FUNCTION masking.usual_calls() IS 'How many calls the half hour before now usually has, judged by the last seven days; 100: or more.';

CREATE OR REPLACE FUNCTION masking.rung_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- By calling code, of which there are some 230; those that nobody was rung in are left out. A call without an end counts when it has one.
  WITH rung AS MATERIALIZED (
    SELECT r.digits, r.class, count(*) AS calls
    FROM masking.rung_calls(now() - interval '10 minutes', now()) r
    WHERE r.class <> 'open'
    GROUP BY 1, 2
  ), coded AS MATERIALIZED (
    SELECT masking.calling_code(r.digits) AS code, r.class, sum(r.calls) AS calls FROM rung r GROUP BY 1, 2
  )
  SELECT 'calls_rung', format('calling_code="%s",class="%s"', k.code, w.class), coalesce(c.calls, 0)::double precision
  FROM (SELECT DISTINCT c.code FROM coded c WHERE c.code IS NOT NULL) k
  CROSS JOIN unnest('{answered,not_taken,not_put_through}'::text[]) AS w (class)
  LEFT JOIN coded c ON c.code = k.code AND c.class = w.class
$$;
COMMENT ON FUNCTION masking.rung_gauges() IS
  'The calls of the last ten minutes that were put through and have ended, by calling code of who was rung and what became of them.';

CREATE OR REPLACE FUNCTION masking.call_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Where none ever came, the pool has been silent since the servers first saw it.
  SELECT 'last_call_timestamp_seconds', '', extract(epoch FROM w.at)::double precision
  FROM (SELECT coalesce(masking.last_webhook(), (SELECT min(l.enabled_at) FROM masking.last_calls l)) AS at) w
  WHERE w.at IS NOT NULL
  UNION ALL
  SELECT 'calls_usual', '', masking.usual_calls()::double precision
  UNION ALL
  SELECT 'calls_last_hour', format('class="%s"', k.class), coalesce(c.calls, 0)::double precision
  FROM (SELECT DISTINCT o.class FROM masking.outcomes o WHERE o.class IS NOT NULL) k
  LEFT JOIN (
    SELECT l.class, count(*) AS calls FROM masking.call_life l
    WHERE l.called_at > now() - interval '1 hour' AND l.called_at <= now()
    GROUP BY l.class
  ) c ON c.class = k.class
$$;
COMMENT ON FUNCTION masking.call_gauges() IS
  'When the last call or text came, how many calls are usual now, and what became of those of the last hour.';
