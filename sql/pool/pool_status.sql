CREATE OR REPLACE VIEW masking.pool_status AS
WITH window_of AS (
  SELECT masking.setting_span('cool_off') AS cool_off
), pool AS (
  SELECT n.prefix, count(*) FILTER (WHERE n.enabled) AS numbers, count(*) FILTER (WHERE NOT n.enabled) AS draining
  FROM masking.proxy_numbers n
  GROUP BY n.prefix
), peak AS (
  SELECT k.prefix, max(k.counterparts) FILTER (WHERE k.side = 'customer') AS dc,
    max(k.counterparts) FILTER (WHERE k.side = 'agent') AS da
  FROM masking.pool_peaks k, window_of w
  WHERE k.hour > now() - w.cool_off - interval '1 hour'
  GROUP BY k.prefix
), live AS (
  -- What is live now is held for the whole cool-off after now: the rest need not be read.
  SELECT r.proxy, count(*) AS routes
  FROM masking.live_routes() r, window_of w
  WHERE upper(r.held) > now() + w.cool_off
  GROUP BY r.proxy
), live_on AS (
  SELECT p.prefix, l.proxy IS NULL AS is_any, sum(l.routes) AS routes
  FROM live l
  LEFT JOIN masking.proxy_numbers p ON p.e164 = l.proxy
  GROUP BY 1, 2
), waiting AS (
  SELECT (SELECT p.prefix FROM masking.proxy_numbers p
      WHERE starts_with(o.customer_number, p.prefix) AND starts_with(o.agent_number, p.prefix)
      ORDER BY length(p.prefix) DESC LIMIT 1) AS prefix,
    count(*) AS orders, string_agg(DISTINCT o.unmasked_reason, ', ') AS why
  FROM masking.orders o
  WHERE o.unmasked_since IS NOT NULL
  GROUP BY 1
)
SELECT p.prefix, p.numbers, p.draining, coalesce(l.routes, 0)::bigint AS live_routes,
  coalesce(k.dc, 0)::bigint AS most_per_customer, coalesce(k.da, 0)::bigint AS most_per_agent,
  greatest(k.dc + k.da - 1, 0)::bigint AS numbers_needed,
  p.numbers - greatest(k.dc + k.da - 1, 0)::bigint AS headroom,
  coalesce(w.orders, 0) AS waiting_orders, w.why AS waiting_why
FROM pool p
LEFT JOIN peak k ON k.prefix = p.prefix
LEFT JOIN live_on l ON l.prefix = p.prefix AND NOT l.is_any
LEFT JOIN waiting w ON w.prefix = p.prefix
UNION ALL
SELECT NULL, 0, 0, coalesce((SELECT l.routes FROM live_on l WHERE l.is_any), 0)::bigint, 0, 0, 0, NULL,
  coalesce((SELECT w.orders FROM waiting w WHERE w.prefix IS NULL), 0), (SELECT w.why FROM waiting w WHERE w.prefix IS NULL)
WHERE EXISTS (SELECT FROM live_on l WHERE l.is_any) OR EXISTS (SELECT FROM waiting w WHERE w.prefix IS NULL);

COMMENT ON VIEW masking.pool_status IS
  'Per prefix of the pool: how much of it is in use, and how many numbers that needs.';
COMMENT ON COLUMN masking.pool_status.prefix IS
  'Whom these numbers serve; NULL: routes on any number (the pool is or was empty), and orders that no number of the pool serves.';
COMMENT ON COLUMN masking.pool_status.numbers IS 'Enabled proxy numbers.';
COMMENT ON COLUMN masking.pool_status.draining IS 'Disabled ones.';
COMMENT ON COLUMN masking.pool_status.live_routes IS 'Routes that connect calls now; two per order.';
COMMENT ON COLUMN masking.pool_status.most_per_customer IS
  'Dc: the most counterparts one customer held at once within the cool-off before now, those he waited for included.';
COMMENT ON COLUMN masking.pool_status.most_per_agent IS 'Da: the same for an agent.';
COMMENT ON COLUMN masking.pool_status.numbers_needed IS 'Dc + Da - 1: that many always suffice.';
COMMENT ON COLUMN masking.pool_status.headroom IS
  'Enabled numbers beyond those needed; negative: cool-offs are being cut short, or orders wait. NULL: any number serves.';
COMMENT ON COLUMN masking.pool_status.waiting_orders IS 'Orders that wait for one of these numbers; see unmasked_orders.';
COMMENT ON COLUMN masking.pool_status.waiting_why IS
  'Why they wait: none free, people busy, or, with prefix NULL, no number serves them: no prefix of the pool fits both of their people. See the setting any_prefix.';
