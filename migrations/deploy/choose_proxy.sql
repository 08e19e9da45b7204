-- Deploy number-masking:choose_proxy to pg
--
-- Which number may lead two people to each other from now on? One that neither
-- of them holds with anybody else. With Dc and Da the most counterparts a
-- customer and an agent hold at once, those block Dc - 1 + Da - 1 numbers at
-- most, so a pool of Dc + Da - 1 always has one left.
--
-- Read here: what either of them holds (the constraint's own index), and the
-- last few hundred routes of each, which say what they used and when. Neither
-- grows with the history. They meet the pool in hash joins: a planner that
-- expects two rows would compare hundreds of numbers with hundreds of routes.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.choose_proxy(
  o masking.orders, at timestamptz, refused bigint[], OUT available boolean, OUT proxy bigint)
LANGUAGE plpgsql STABLE
SET enable_hashjoin = on
SET enable_nestloop = off
AS $$
#variable_conflict use_column
DECLARE
  customer bigint := o.customer_number::bigint;
  agent bigint := o.agent_number::bigint;
BEGIN
  WITH held AS (
    SELECT r.order_id, r.proxy, r.live FROM masking.routes r
    WHERE r.caller + 0 = customer AND r.caller > 0 AND r.callee <> agent AND r.held && tstzrange(at, NULL)
    UNION ALL
    SELECT r.order_id, r.proxy, r.live FROM masking.routes r
    WHERE r.caller + 0 = agent AND r.caller > 0 AND r.callee <> customer AND r.held && tstzrange(at, NULL)
  ), blocked AS MATERIALIZED (
    -- What this order held before never blocks it: a swap may keep the number.
    SELECT h.proxy, max(upper(h.live)) AS until
    FROM held h
    WHERE h.order_id <> o.order_id
    GROUP BY h.proxy
  ), recent AS (
    (SELECT r.* FROM masking.routes r WHERE r.caller = customer ORDER BY upper(r.live) DESC LIMIT 256)
    UNION ALL
    (SELECT r.* FROM masking.routes r WHERE r.caller = agent ORDER BY upper(r.live) DESC LIMIT 256)
  ), used AS MATERIALIZED (
    SELECT coalesce(r.proxy, 0) AS proxy, max(upper(r.live)) AS last,
      bool_or(r.order_id = o.order_id) AS by_this_order,
      bool_or(r.callee IN (customer, agent) AND upper(r.held) > at) AS by_this_pair
    FROM recent r
    GROUP BY 1
  ), pool AS (
    SELECT p.e164 AS proxy, length(p.prefix) AS match, p.enabled
    FROM masking.proxy_numbers p
    WHERE starts_with(o.customer_number, p.prefix) AND starts_with(o.agent_number, p.prefix)
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
    WHERE (p.enabled OR (u.by_this_order AND u.by_this_pair))
      AND (p.proxy IS NULL OR p.proxy <> ALL (refused))
  )
  SELECT true, c.proxy INTO available, proxy
  FROM candidate c
  WHERE c.blocked_until IS NULL OR c.blocked_until <= at
  -- Free before merely cooling off, and of those the one that cooled longest.
  ORDER BY c.blocked_until NULLS FIRST,
    c.by_this_order IS TRUE DESC, c.by_this_pair IS TRUE DESC,
    c.match DESC, c.last NULLS FIRST, c.proxy
  LIMIT 1;
  available := coalesce(available, false);
END
$$;
COMMENT ON FUNCTION masking.choose_proxy(masking.orders, timestamptz, bigint[]) IS
  'The number for an order from then on, none of the refused ones; available is false if none is. A proxy of NULL is any number (empty pool).';

-- Between the choice and the commit the number must not leave the pool.
CREATE FUNCTION masking.keep_proxy(on_proxy bigint) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  IF on_proxy IS NULL THEN
    RETURN true;
  ELSIF NOT pg_try_advisory_xact_lock_shared(hashtext('masking.proxy_numbers'), hashint8(on_proxy)) THEN
    RETURN false;
  ELSIF current_setting('transaction_isolation') = 'read committed' THEN
    RETURN EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = on_proxy);
  END IF;
  -- A snapshot may show what is gone by now; a row to lock is there, or it is 40001.
  PERFORM FROM masking.proxy_numbers p WHERE p.e164 = on_proxy FOR KEY SHARE;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.keep_proxy(bigint) IS
  'Keeps a number from being removed until this transaction ends; false if it is being removed or is gone.';

COMMIT;
