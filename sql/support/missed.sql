CREATE OR REPLACE FUNCTION masking.check_window(within interval, at_most interval) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF within > at_most OR within <= interval '0' OR within IS NULL THEN
    RAISE EXCEPTION 'a time of more than nothing and at most % can be looked at', at_most
      USING ERRCODE = '22023', HINT = format('As in ''1 hour''; it was %s.', coalesce(within::text, 'NULL'));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.check_window(interval, interval) IS 'Refuses a stretch of time whose calls are too many to be looked at one by one.';

CREATE OR REPLACE FUNCTION masking.tries_of_people(since timestamptz)
RETURNS TABLE (order_id text, side text, called_at timestamptz, outcome text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Calls that reached nobody for lack of an order, as by a wrong number of ours, of people who have one: they count
-- for the orders by which the caller could call then, or that waited then; else for the one that ended last, while
-- its number is held. Of callers only a hash is on record, so the numbers of people on orders are hashed and
-- compared: of those whose last two digits are those of such a call.
--   reads   calls (by time), routes (by end of held, by caller), orders (those never routed, those that wait, those of
--           such callers) with their phones, secrets
--   who     missed
#variable_conflict use_column
DECLARE
  digits integer[];
BEGIN
  digits := ARRAY(SELECT DISTINCT c.caller_digits::integer FROM masking.calls c
    WHERE c.called_at > since AND c.order_ids IS NULL AND c.caller_hash IS NOT NULL AND c.outcome <> 'unknown_caller');
  RETURN QUERY
  WITH people AS MATERIALIZED (
    SELECT n.number, masking.hash_with(s.value, n.number) AS hash
    FROM (
      SELECT r.caller AS number FROM masking.routes r
      WHERE r.caller > 0 AND upper(r.held) > since AND (r.caller % 100)::integer = ANY (digits)
      UNION
      SELECT n.number
      FROM (
        SELECT o.* FROM masking.orders o WHERE o.routed_at IS NULL AND o.forgotten_at IS NULL AND o.recorded_at > since - interval '24 hours'
        UNION ALL
        SELECT o.* FROM masking.orders o WHERE o.routed_at IS NOT NULL AND o.unmasked_since IS NOT NULL
      ) o
      CROSS JOIN LATERAL (
        VALUES (o.customer), (o.agent) UNION ALL SELECT p.phone FROM masking.order_phones p WHERE p.order_id = o.order_id) AS n (number)
      WHERE (n.number % 100)::integer = ANY (digits)
    ) n
    JOIN masking.secrets s ON s.name = 'number_hashes'
  ), tries AS MATERIALIZED (
    SELECT c.call_uuid, c.called_at, c.outcome, p.number
    FROM masking.calls c
    JOIN people p ON p.hash = c.caller_hash
    WHERE c.called_at > since AND c.order_ids IS NULL AND c.outcome <> 'unknown_caller'
  )
  SELECT DISTINCT f.order_id, f.side, f.called_at, f.outcome
  FROM (
    SELECT w.order_id, w.side, t.called_at, t.outcome, rank() OVER (PARTITION BY t.call_uuid ORDER BY least(w.ends, t.called_at) DESC) AS nearest
    FROM tries t
    CROSS JOIN LATERAL (
      SELECT r.order_id, r.side, lower(r.live) AS begins, upper(r.live) AS ends, upper(r.held) AS held_until
      FROM masking.routes r
      WHERE r.caller = t.number
      UNION ALL
      -- While it waited to be connected first, or waits again.
      SELECT o.order_id, coalesce(CASE t.number WHEN o.customer THEN 'customer' WHEN o.agent THEN 'agent' END,
        (SELECT p.side FROM masking.order_phones p WHERE p.order_id = o.order_id AND p.phone = t.number)), o.recorded_at, u.until, u.until
      FROM masking.orders_of(t.number, NULL) o
      CROSS JOIN LATERAL (
        SELECT least(o.completed_at, o.cancelled_at, greatest(o.recorded_at, o.unmasked_since) + interval '24 hours',
          CASE WHEN o.unmasked_since IS NULL AND o.agent_number IS NOT NULL THEN o.routed_at END) AS until) u
    ) w
    WHERE w.begins <= t.called_at AND w.held_until > t.called_at
  ) f
  WHERE f.nearest = 1;
END
$$;
COMMENT ON FUNCTION masking.tries_of_people(timestamptz) IS
  'Calls since then that reached nobody for lack of an order, and the orders of who called.';

CREATE OR REPLACE FUNCTION masking.missed(within interval)
RETURNS TABLE (order_id text, side text, tries bigint, last_try_at timestamptz, last_outcome text, talked_later boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What people tried in vain: a row for each side of an order that called within this time and did not reach the
-- other. Answered, by them or by their mailbox, is reached; a call of which no end is told yet is neither. Of two
-- who share several orders each of these has it. talked_later: a call about the order, by either side, was
-- answered after the last try, or was still going on then (who is on that call is busy for the other).
--   reads   calls (by time; of at most a day), call_life, outcomes, what tries_of_people reads
--   who     the order system, support
#variable_conflict use_column
BEGIN
  PERFORM masking.check_window(within, '24 hours');
  RETURN QUERY
  WITH called AS MATERIALIZED (
    SELECT o.order_id, l.side, l.called_at, l.became, l.answered IS NOT TRUE AS in_vain,
      CASE
        WHEN NOT l.has_ended AND l.answered AND l.called_at > now() - interval '4 hours' THEN now() -- none of Plivo's lasts longer
        WHEN l.answered THEN l.called_at + make_interval(secs => coalesce(l.ring_seconds, 0) + coalesce(l.talk_seconds, 0))
      END AS talked_until
    FROM masking.call_life l
    CROSS JOIN LATERAL unnest(l.order_ids) AS o (order_id)
    -- (Who was rung first, and did not get so far that the other was, has not tried to reach him.)
    WHERE l.called_at > now() - within AND l.became IS NOT NULL AND (l.placed IS NULL OR l.outcome = 'connected')
    UNION ALL
    SELECT t.order_id, t.side, t.called_at, t.outcome, true, NULL FROM masking.tries_of_people(now() - within) t
  ), by_side AS (
    SELECT c.order_id, c.side, count(*) FILTER (WHERE c.in_vain) AS tries, max(c.called_at) FILTER (WHERE c.in_vain) AS last_try_at,
      (array_agg(c.became ORDER BY c.called_at DESC) FILTER (WHERE c.in_vain))[1] AS became,
      max(max(c.talked_until)) OVER (PARTITION BY c.order_id) AS talked_until
    FROM called c
    GROUP BY c.order_id, c.side
  )
  SELECT s.order_id, s.side, s.tries, s.last_try_at, o.told, coalesce(s.talked_until > s.last_try_at, false)
  FROM by_side s
  LEFT JOIN masking.outcomes o ON o.kind IN ('call', 'ringing', 'life') AND o.outcome = s.became
  WHERE s.tries > 0 AND (SELECT masking.support_reads('call_log'))
  ORDER BY s.last_try_at DESC, s.order_id, s.side;
END
$$;
COMMENT ON FUNCTION masking.missed(interval) IS
  'Orders whose customer or agent called within this time, at most 24 hours, and did not reach the other: how often, the last time and what became of it, in words, and whether they talked later.';
GRANT EXECUTE ON FUNCTION masking.missed(interval) TO masking_orders, masking_support;

CREATE OR REPLACE FUNCTION masking.calls_by_country(within interval)
RETURNS TABLE (proxy_number text, calling_code text, country text, calls bigint, reached bigint, calls_yesterday bigint, reached_yesterday bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Of the calls that were put through within this time, by the number dialled and the country of who was rung: how
-- many were answered; and the same of these hours of yesterday. A call of which no end is told yet does not count.
--   reads   calls (by time; of at most twice 6 hours), call_life, routes (by order and route), countries, number_lengths
--   who     the order system, support
#variable_conflict use_column
BEGIN
  PERFORM masking.check_window(within, '6 hours');
  RETURN QUERY
  WITH rung AS MATERIALIZED (
    SELECT r.proxy, d.is_today, r.digits, count(*) AS calls, count(*) FILTER (WHERE r.class = 'answered') AS reached
    FROM (VALUES (now(), true), (now() - interval '24 hours', false)) AS d (until, is_today)
    CROSS JOIN LATERAL masking.rung_calls(d.until - within, d.until) r
    WHERE r.class <> 'open'
    GROUP BY 1, 2, 3
  ), coded AS (
    SELECT r.*, masking.calling_code(r.digits) AS code FROM rung r
  )
  SELECT c.proxy::text, c.code, masking.country_name(c.code),
    coalesce(sum(c.calls) FILTER (WHERE c.is_today), 0)::bigint, coalesce(sum(c.reached) FILTER (WHERE c.is_today), 0)::bigint,
    coalesce(sum(c.calls) FILTER (WHERE NOT c.is_today), 0)::bigint, coalesce(sum(c.reached) FILTER (WHERE NOT c.is_today), 0)::bigint
  FROM coded c
  WHERE (SELECT masking.support_reads('call_log'))
  GROUP BY c.proxy, c.code
  ORDER BY 4 DESC, 1, 2;
END
$$;
COMMENT ON FUNCTION masking.calls_by_country(interval) IS
  'By proxy number and country of who was rung: how many of the calls put through within this time, at most 6 hours, were answered, and of the same hours of yesterday. calling_code NULL: the number is forgotten or no country''s.';
GRANT EXECUTE ON FUNCTION masking.calls_by_country(interval) TO masking_orders, masking_support;
