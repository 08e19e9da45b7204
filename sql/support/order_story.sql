CREATE OR REPLACE FUNCTION masking.order_story(wanted text)
RETURNS TABLE (happened_at timestamptz, tone text, words text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- What happened to an order, as its row, its routes and the calls that were asked for tell; calls are told elsewhere.
  WITH o AS (SELECT * FROM masking.orders f WHERE f.order_id = wanted),
  r AS (SELECT * FROM masking.routes f WHERE f.order_id = wanted)
  SELECT s.happened_at, s.tone, s.words FROM (
    SELECT 0, o.placed_at, '' AS tone, 'Placed.' AS words FROM o
    UNION ALL
    SELECT 2, lower(r.live), CASE WHEN bool_or(r.blocked) THEN 'warn' ELSE 'good' END,
      format('The %s %s can call%s, on %s.', r.side, string_agg(DISTINCT masking.said_phone(r.caller), ' and '),
        CASE WHEN bool_or(r.blocked) THEN ', and hears that they are blocked' ELSE '' END,
        coalesce(r.proxy::text, 'any number of ours'))
    FROM r GROUP BY lower(r.live), r.side, r.proxy
    UNION ALL
    -- (What goes on at once as another route, as when the other side changed, did not end for the caller.)
    SELECT 1, upper(r.live), CASE (SELECT k.tone FROM masking.reasons k WHERE k.reason = coalesce(r.ended, 'end of its longest life')) WHEN 'quiet' THEN '' ELSE 'warn' END, format('The %s %s cannot call any more on %s: %s.', r.side, string_agg(DISTINCT masking.said_phone(r.caller), ' and '),
      coalesce(r.proxy::text, 'any number'), coalesce(r.ended, 'end of its longest life'))
    FROM r
    WHERE upper(r.live) <= now() AND NOT EXISTS (
      SELECT FROM r n
      WHERE n.side = r.side AND n.caller = r.caller AND n.proxy IS NOT DISTINCT FROM r.proxy AND n.route_id <> r.route_id
        AND lower(n.live) BETWEEN lower(r.live) AND upper(r.live) + interval '1 second' AND upper(n.live) > upper(r.live))
    GROUP BY upper(r.live), r.side, r.proxy, r.ended
    UNION ALL
    -- (When it came to pass the order's next routes say, or, if none was free, since when it waits. A block makes
    -- two routes of one: that is none.)
    SELECT 3, min(coalesce(n.since, o.unmasked_since)), 'warn', format('The number %s was replaced%s, and still connects until %s.', f.proxy,
      coalesce(' by ' || (array_agg(n.proxy ORDER BY n.since))[1], ''), masking.said_time(max(upper(f.live))))
    FROM r f
    LEFT JOIN o ON true
    LEFT JOIN LATERAL (
      SELECT lower(t.live) AS since, t.proxy FROM r t
      WHERE t.proxy <> f.proxy AND lower(t.live) > lower(f.live) AND upper(f.live) > lower(t.live) AND NOT EXISTS (
        SELECT FROM r e WHERE e.side = t.side AND e.caller = t.caller AND e.proxy = t.proxy AND upper(e.live) = lower(t.live) AND e.ended IN ('blocked', 'unblocked'))
      ORDER BY lower(t.live) LIMIT 1) n ON true
    WHERE f.former AND coalesce(n.since, o.unmasked_since) IS NOT NULL
    GROUP BY f.proxy
    UNION ALL
    SELECT 3, o.recorded_at, 'bad', masking.said_reason_alone(f)
    FROM o CROSS JOIN LATERAL masking.refused_found(o) f
    UNION ALL
    SELECT 3, o.unmasked_since, 'bad', masking.said_reason_alone((o.unmasked_reason, NULL, o.unmasked_since, NULL, NULL))
    FROM o WHERE o.unmasked_since IS NOT NULL
    UNION ALL
    SELECT 3, o.completed_at, '', CASE WHEN o.completed_at > now() THEN 'To be completed, by plan.' ELSE 'Completed.' END
    FROM o WHERE o.completed_at IS NOT NULL AND isfinite(o.completed_at)
    UNION ALL
    SELECT 3, o.cancelled_at, '', 'Cancelled: both sides were cut off.' FROM o WHERE o.cancelled_at IS NOT NULL
    UNION ALL
    SELECT 3, p.routed_since, 'good', format('A further phone of the %s, %s, reaches the other side.', p.side, masking.redacted(p.number))
    FROM masking.order_phones p WHERE p.order_id = wanted AND p.routed_since IS NOT NULL
    UNION ALL
    SELECT 3, lower(c.live), '', format('The %s got a code for calling from another phone, good until %s.', c.side, masking.said_time(upper(c.live)))
    FROM masking.codes c WHERE c.order_id = wanted
    UNION ALL
    SELECT 3, q.requested_at, CASE WHEN q.state IN ('failed', 'unknown', 'expired') THEN 'bad' ELSE '' END,
      format('A call was asked for, to the %s first: %s%s.', q.side, q.state, ' (' || coalesce(w.told, q.reason) || ')')
    FROM masking.call_requests q
    LEFT JOIN masking.outcomes w ON w.kind IN ('call', 'ringing', 'life') AND w.outcome = q.reason
    WHERE q.order_id = wanted
    UNION ALL
    SELECT 3, b.logged_at, CASE b.did WHEN 'blocked' THEN 'warn' ELSE '' END,
      format('%s: calls and texts of %s, by %s%s.', CASE b.did WHEN 'blocked' THEN 'Blocked' ELSE 'No longer blocked' END,
        CASE b.side WHEN 'both' THEN 'both sides' ELSE 'the ' || b.side END, b.who, coalesce(': ' || nullif(b.reason, ''), ''))
    FROM masking.block_log b WHERE b.order_id = wanted
    UNION ALL
    SELECT 3, o.forgotten_at, '', 'Its phone numbers were forgotten.' FROM o WHERE o.forgotten_at IS NOT NULL
  ) s (rank, happened_at, tone, words)
  ORDER BY s.happened_at, s.rank
$$;
COMMENT ON FUNCTION masking.order_story(text) IS 'What happened to an order, in words, oldest first.';
