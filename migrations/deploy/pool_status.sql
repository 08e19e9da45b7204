-- Deploy number-masking:pool_status to pg
--
-- How full the pool is, said in numbers to buy: with Dc and Da the most
-- counterparts a customer and an agent hold at once, Dc + Da - 1 always
-- suffice. Reads what is held now, not the history. The gauges read a summary
-- that is a minute old at most, because a scrape must stay cheap.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE VIEW masking.pool_status AS
WITH held AS (
  SELECT p.prefix, r.caller, r.callee, r.side, upper(r.live) > now() AS live, upper(r.held) > now() AS held
  FROM masking.routes r
  LEFT JOIN masking.proxy_numbers p ON p.e164 = r.proxy
  WHERE r.caller > 0
    AND upper(r.held) > now() - (SELECT masking.setting_span('cool_off'))
    AND (r.proxy IS NULL OR p.e164 IS NOT NULL)
), person AS (
  SELECT h.prefix, h.caller, bool_or(h.side = 'customer') AS is_customer, bool_or(h.side = 'agent') AS is_agent,
    count(DISTINCT h.callee) FILTER (WHERE h.held) AS counterparts,
    count(DISTINCT h.callee) AS with_twice_cool_off,
    count(*) FILTER (WHERE h.live) AS live_routes, count(*) FILTER (WHERE h.held) AS held_routes
  FROM held h
  GROUP BY h.prefix, h.caller
), used AS (
  SELECT p.prefix, sum(p.live_routes) AS live_routes, sum(p.held_routes) AS held_routes,
    max(p.counterparts) FILTER (WHERE p.is_customer) AS dc, max(p.counterparts) FILTER (WHERE p.is_agent) AS da,
    max(p.with_twice_cool_off) FILTER (WHERE p.is_customer) AS dc2,
    max(p.with_twice_cool_off) FILTER (WHERE p.is_agent) AS da2
  FROM person p
  GROUP BY p.prefix
), pool AS (
  SELECT n.prefix, count(*) FILTER (WHERE n.enabled) AS numbers, count(*) FILTER (WHERE NOT n.enabled) AS draining
  FROM masking.proxy_numbers n
  GROUP BY n.prefix
)
SELECT coalesce(o.prefix, u.prefix) AS prefix,
  coalesce(o.numbers, 0) AS numbers,
  coalesce(o.draining, 0) AS draining,
  coalesce(u.live_routes, 0)::bigint AS live_routes,
  coalesce(u.held_routes, 0)::bigint AS held_routes,
  coalesce(u.dc, 0) AS most_per_customer,
  coalesce(u.da, 0) AS most_per_agent,
  greatest(u.dc + u.da - 1, 0) AS numbers_needed,
  coalesce(o.numbers, 0) - greatest(u.dc + u.da - 1, 0) AS headroom,
  greatest(u.dc2 + u.da2 - 1, 0) AS needed_at_twice_cool_off
FROM pool o
FULL JOIN used u ON u.prefix = o.prefix;

COMMENT ON VIEW masking.pool_status IS
  'Per prefix of the pool: how much of it is in use, and how many numbers that needs.';
COMMENT ON COLUMN masking.pool_status.prefix IS
  'Whom these numbers serve; NULL: routes on any number (the pool is or was empty).';
COMMENT ON COLUMN masking.pool_status.numbers IS 'Enabled proxy numbers.';
COMMENT ON COLUMN masking.pool_status.draining IS 'Disabled ones.';
COMMENT ON COLUMN masking.pool_status.live_routes IS 'Routes that connect calls now; two per order.';
COMMENT ON COLUMN masking.pool_status.held_routes IS 'Those and the ones cooling off.';
COMMENT ON COLUMN masking.pool_status.most_per_customer IS 'Dc: the most counterparts one customer holds.';
COMMENT ON COLUMN masking.pool_status.most_per_agent IS 'Da: the most counterparts one agent holds.';
COMMENT ON COLUMN masking.pool_status.numbers_needed IS 'Dc + Da - 1: that many always suffice.';
COMMENT ON COLUMN masking.pool_status.headroom IS 'Enabled numbers beyond those needed; negative: cool-offs are being cut short.';
COMMENT ON COLUMN masking.pool_status.needed_at_twice_cool_off IS
  'Numbers needed if the cool-off were twice as long (as far as the numbers are still remembered).';

CREATE TABLE masking.pool_summary (
  prefix text PRIMARY KEY,
  numbers bigint NOT NULL,
  numbers_needed bigint NOT NULL,
  headroom bigint NOT NULL,
  live_routes bigint NOT NULL,
  taken_at timestamptz NOT NULL
);
COMMENT ON TABLE masking.pool_summary IS 'What pool_status said a minute ago at most; for gauges().';
COMMENT ON COLUMN masking.pool_summary.prefix IS 'As in pool_status; "any" instead of NULL.';
COMMENT ON COLUMN masking.pool_summary.numbers IS 'As in pool_status.';
COMMENT ON COLUMN masking.pool_summary.numbers_needed IS 'As in pool_status.';
COMMENT ON COLUMN masking.pool_summary.headroom IS 'As in pool_status.';
COMMENT ON COLUMN masking.pool_summary.live_routes IS 'As in pool_status.';
COMMENT ON COLUMN masking.pool_summary.taken_at IS 'When it was looked up.';

CREATE FUNCTION masking.refresh_pool_summary() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF EXISTS (SELECT FROM masking.pool_summary s WHERE s.taken_at > now() - interval '1 minute')
    OR NOT pg_try_advisory_xact_lock(hashtext('masking.pool_summary'), 0)
  THEN
    RETURN;
  END IF;
  DELETE FROM masking.pool_summary s;
  INSERT INTO masking.pool_summary (prefix, numbers, numbers_needed, headroom, live_routes, taken_at)
  SELECT coalesce(p.prefix, 'any'), p.numbers, p.numbers_needed, p.headroom, p.live_routes, now()
  FROM masking.pool_status p;
END
$$;
COMMENT ON FUNCTION masking.refresh_pool_summary() IS
  'Looks pool_status up once a minute, however many servers ask.';

CREATE FUNCTION masking.gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM masking.refresh_pool_summary();
  RETURN QUERY
  SELECT 'unmasked_orders', '', count(*)::double precision FROM masking.unmasked_orders
  UNION ALL
  SELECT 'unmasked_orders_total', '', CASE WHEN s.is_called THEN s.last_value ELSE 0 END::double precision
  FROM masking.unmasked_total s
  UNION ALL
  SELECT g.name, format('prefix="%s"', p.prefix), g.value::double precision
  FROM masking.pool_summary p
  CROSS JOIN LATERAL (VALUES
    ('pool_numbers', p.numbers), ('pool_numbers_needed', p.numbers_needed),
    ('pool_headroom', p.headroom), ('live_routes', p.live_routes)) AS g (name, value);
END
$$;
COMMENT ON FUNCTION masking.gauges() IS
  'What the server shows as metrics: name, labels in Prometheus notation ("" for none), value. unmasked_orders_total only ever grows.';
GRANT EXECUTE ON FUNCTION masking.gauges() TO masking_server;

COMMIT;
