CREATE OR REPLACE FUNCTION masking.choose_proxy(
  o masking.orders, at timestamptz, refused bigint[],
  OUT available boolean, OUT proxy bigint, OUT serves boolean, OUT customer_holds integer, OUT agent_holds integer)
LANGUAGE plpgsql STABLE
AS $$
-- Which number may lead two people to each other from now on? One that neither of
-- them holds with anybody else. With Dc and Da the most counterparts a customer and an
-- agent hold at once, those block Dc - 1 + Da - 1 numbers at most, so a pool of
-- Dc + Da - 1 always has one left.
--   reads  what either of them holds (the constraint's own index) and the last few hundred
--          routes of each, which say what they used and when: neither grows with the
--          history; and the pool, which it meets in hash joins: a planner that expects two
--          rows would compare hundreds of numbers with hundreds of routes (see planner_pins)
--   locks  nothing. Who routes by the answer holds both people (lock_people); assign_pending's
--          first look holds nobody, and route_order asks again
--   who    open_routes, route_order, assign_pending
#variable_conflict use_column
DECLARE
  customer bigint := masking.party(o, 'customer');
  agent bigint := masking.party(o, 'agent');
  any_prefix CONSTANT boolean := masking.setting_on('any_prefix');
  -- Whoever has a phone that joined the pool while the order routed nobody: it would ring us.
  is_ours CONSTANT boolean := masking.is_proxy(customer) OR masking.is_proxy(agent);
BEGIN
  WITH held AS MATERIALIZED (
    -- (Until when a route connects, which is_live() does not say.)
    SELECT r.order_id, r.proxy, r.caller, r.callee,
      CASE WHEN r.closed THEN least(upper(r.live), at) ELSE upper(r.live) END AS until
    FROM masking.routes r
    WHERE r.caller + 0 = customer AND r.caller > 0 AND r.held && tstzrange(at, NULL)
    UNION ALL
    SELECT r.order_id, r.proxy, r.caller, r.callee,
      CASE WHEN r.closed THEN least(upper(r.live), at) ELSE upper(r.live) END
    FROM masking.routes r
    WHERE r.caller + 0 = agent AND r.caller > 0 AND r.held && tstzrange(at, NULL)
  ), blocked AS MATERIALIZED (
    -- What this order held before never blocks it: a swap may keep the number.
    SELECT h.proxy, max(h.until) AS until
    FROM held h
    WHERE h.order_id <> o.order_id AND h.callee NOT IN (customer, agent)
    GROUP BY h.proxy
  ), recent AS (
    (SELECT r.* FROM masking.routes r WHERE r.caller = customer ORDER BY upper(r.live) DESC LIMIT 256)
    UNION ALL
    (SELECT r.* FROM masking.routes r WHERE r.caller = agent ORDER BY upper(r.live) DESC LIMIT 256)
  ), used AS MATERIALIZED (
    SELECT coalesce(r.proxy, 0) AS proxy, max(upper(r.live)) AS last,
      bool_or(r.order_id = o.order_id AND NOT r.former) AS by_this_order,
      bool_or(r.callee IN (customer, agent) AND upper(r.held) > at) AS by_this_pair
    FROM recent r
    GROUP BY 1
  ), pool AS (
    SELECT p.e164 AS proxy, length(p.prefix) AS match, p.enabled
    FROM masking.proxy_numbers p
    WHERE NOT is_ours AND starts_with(o.customer_number, p.prefix) AND starts_with(o.agent_number, p.prefix)
    UNION ALL
    SELECT p.e164, -1, p.enabled
    FROM masking.proxy_numbers p
    WHERE NOT is_ours AND any_prefix AND p.enabled AND NOT (starts_with(o.customer_number, p.prefix) AND starts_with(o.agent_number, p.prefix))
    UNION ALL
    -- The tutorial's mode: the one number is any number.
    SELECT NULL, 0, true WHERE NOT EXISTS (SELECT FROM masking.proxy_numbers)
  ), candidate AS (
    SELECT p.proxy, p.match, u.last, u.by_this_order, u.by_this_pair,
      CASE WHEN p.proxy IS NULL THEN (SELECT max(b.until) FROM blocked b)
        ELSE greatest(b.until, (SELECT a.until FROM blocked a WHERE a.proxy IS NULL))
      END AS blocked_until
    FROM pool p
    LEFT JOIN blocked b ON b.proxy = p.proxy
    LEFT JOIN used u ON u.proxy = coalesce(p.proxy, 0)
    WHERE (p.enabled OR (u.by_this_order AND u.by_this_pair AND NOT masking.is_replaced(p.proxy)))
      AND (p.proxy IS NULL OR p.proxy <> ALL (refused))
  ), best AS (
    SELECT c.proxy
    FROM candidate c
    WHERE c.blocked_until IS NULL OR c.blocked_until <= at
    -- Free before merely cooling off, and of those the one that cooled longest.
    -- One of another prefix is the last resort (any_prefix). Of equal ones each agent has an order of
    -- their own: with one for all, agents at the same stage of their day would share a few numbers.
    ORDER BY c.match < 0, c.blocked_until NULLS FIRST,
      c.by_this_order IS TRUE DESC, c.by_this_pair IS TRUE DESC,
      c.match DESC, c.last NULLS FIRST, hashint8extended(c.proxy, agent)
    LIMIT 1
  )
  SELECT EXISTS (SELECT FROM best), (SELECT b.proxy FROM best b), EXISTS (SELECT FROM candidate),
    (SELECT count(DISTINCT h.callee) FROM held h WHERE h.caller = customer AND h.callee <> agent),
    (SELECT count(DISTINCT h.callee) FROM held h WHERE h.caller = agent AND h.callee <> customer)
  INTO available, proxy, serves, customer_holds, agent_holds;
END
$$;
COMMENT ON FUNCTION masking.choose_proxy(masking.orders, timestamptz, bigint[]) IS
  'The number for an order from then on, none of the refused ones; available is false if none is, serves too if no number of the pool could ever be for these two. A proxy of NULL is any number (empty pool). …_holds: how many others the customer and the agent hold.';
