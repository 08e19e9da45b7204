CREATE OR REPLACE FUNCTION masking.pool_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
AS $$
  SELECT g.name, format('prefix="%s"', coalesce(p.prefix, 'any')), g.value::double precision
  FROM masking.pool_status p
  CROSS JOIN LATERAL (VALUES
    ('pool_numbers', p.numbers), ('pool_numbers_needed', p.numbers_needed),
    ('pool_headroom', p.headroom), ('live_routes', p.live_routes)) AS g (name, value)
  WHERE g.value IS NOT NULL
$$;
COMMENT ON FUNCTION masking.pool_gauges() IS 'What the gauges say of the pool.';

CREATE OR REPLACE FUNCTION masking.order_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
AS $$
  SELECT 'unmasked_orders', format('kind="%s"', k.kind), (SELECT count(*) FROM masking.unmasked_orders u WHERE u.kind = k.kind)::double precision
  FROM (VALUES ('waiting'), ('refused')) AS k (kind)
  UNION ALL
  SELECT CASE c.name WHEN 'out_of_step' THEN 'orders_out_of_step' ELSE 'orders_kept_back' END, '', c.found::double precision
  FROM masking.chores c
  WHERE c.name IN ('out_of_step', 'keep_orders')
  UNION ALL
  SELECT g.name, '', g.value::double precision
  FROM (SELECT coalesce(sum(f.failures), 0) AS failures, count(*) FILTER (WHERE f.is_closed) AS closed FROM masking.guessing f) t
  CROSS JOIN LATERAL (VALUES ('wrong_codes', t.failures), ('numbers_closed_to_codes', t.closed)) AS g (name, value)
$$;
COMMENT ON FUNCTION masking.order_gauges() IS 'What the gauges say of the orders, and of wrong codes within the last hour.';

CREATE OR REPLACE FUNCTION masking.gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Each source of gauges is looked up on its own, once a minute however many servers ask, and
-- what it said is kept: one that fails or takes too long leaves its old values, and takes no other with
-- it. When each was looked up is a gauge too: of a time, Prometheus sees the age grow also while nobody looks.
--   reads   what the sources read: pool_status, unmasked_orders, chores, calls and messages (by time), live routes, feed_inbox, call_requests, pool_drift
--   writes  gauge_values, chores, last_calls
--   locks   its row of chores, tried: another server may be at it
--   who     a chore of the servers
#variable_conflict use_column
DECLARE
  sources CONSTANT text[] := ARRAY['pool_gauges', 'order_gauges', 'number_gauges', 'call_gauges', 'rung_gauges', 'feed_gauges', 'request_gauges', 'plivo_gauges',
    'standby_gauges'];
  asked text;
BEGIN
  -- These rows are looked up anew within a minute: to wait for a standby with them would be to
  -- tell nobody that the standby is gone.
  PERFORM set_config('synchronous_commit', 'off', true);
  IF masking.take_chore('gauges') THEN
    FOREACH asked IN ARRAY sources LOOP
      CONTINUE WHEN EXISTS (
        SELECT FROM masking.gauge_values g
        WHERE g.source = asked AND masking.is_recent(g.taken_at, interval '55 seconds'));
      BEGIN
        EXECUTE format('
          WITH fresh AS MATERIALIZED (SELECT f.name, f.labels, f.value FROM masking.%1$I() f), gone AS (
            DELETE FROM masking.gauge_values g WHERE g.source = %1$L
              AND NOT EXISTS (SELECT FROM fresh f WHERE f.name = g.name AND f.labels = g.labels))
          INSERT INTO masking.gauge_values (name, labels, value, source, taken_at)
          SELECT f.name, f.labels, f.value, %1$L, now() FROM fresh f
          UNION ALL
          SELECT ''gauges_looked_up'', format(''source="%%s"'', %1$L), 1, %1$L, now()
          ON CONFLICT (name, labels) DO UPDATE SET value = EXCLUDED.value, taken_at = EXCLUDED.taken_at', asked);
      EXCEPTION WHEN query_canceled OR OTHERS THEN
        RAISE WARNING 'gauges: % failed with %', asked, SQLSTATE;
      END;
    END LOOP;
  END IF;
  RETURN QUERY
  SELECT g.name, g.labels, g.value FROM masking.gauge_values g WHERE g.name <> 'gauges_looked_up'
  UNION ALL
  SELECT 'gauges_timestamp_seconds', format('source="%s"', g.source), extract(epoch FROM g.taken_at)::double precision
  FROM masking.gauge_values g WHERE g.name = 'gauges_looked_up'
  UNION ALL
  SELECT 'chore_finished_timestamp_seconds', format('chore="%s"', c.name), extract(epoch FROM c.finished_at)::double precision
  FROM masking.chores c WHERE c.name IN ('assign_pending', 'retention')
  UNION ALL
  SELECT 'unmasked_orders_total', '', CASE WHEN s.is_called THEN s.last_value ELSE 0 END::double precision
  FROM masking.unmasked_total s;
END
$$;
COMMENT ON FUNCTION masking.gauges() IS
  'What the server shows as metrics: name, labels in Prometheus notation ("" for none), value. unmasked_orders_total only ever grows; gauges_timestamp_seconds says when the others were looked up, chore_finished_timestamp_seconds when a chore was last done.';
GRANT EXECUTE ON FUNCTION masking.gauges() TO masking_server;
