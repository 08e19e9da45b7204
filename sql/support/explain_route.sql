CREATE OR REPLACE FUNCTION masking.reasons_not_connected(caller_is bigint, dialled bigint, at timestamptz) RETURNS SETOF masking.finding
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  person CONSTANT bigint := masking.person(caller_is);
  hash CONSTANT bigint := masking.hash_if_keyed(caller_is);
BEGIN
  RETURN QUERY
  WITH mine AS MATERIALIZED (
    SELECT r.*, (r.proxy = dialled OR r.proxy IS NULL) AS here, masking.was_live(r.live, r.closed, at) AS connects, r AS route
    FROM masking.routes r
    WHERE r.caller IN (person, hash)
    ORDER BY upper(r.live) DESC
    LIMIT 2000
  ), theirs AS MATERIALIZED (
    (SELECT k.*, k AS o FROM masking.orders k WHERE k.customer IN (person, hash) LIMIT 2000)
    UNION ALL
    (SELECT k.*, k FROM masking.orders k WHERE k.agent IN (person, hash) LIMIT 2000)
    UNION ALL
    (SELECT k.*, k FROM masking.order_phones p JOIN masking.orders k ON k.order_id = p.order_id
     WHERE p.phone = person LIMIT 2000)
  ), found AS (
    (SELECT 1 AS rank, ('other number', m.order_id, NULL, m.side, masking.said_phone(m.proxy))::masking.finding AS f
    FROM mine m
    WHERE NOT m.here AND m.connects
      -- (Not one that was replaced, where the order is on another by then.)
      AND NOT (m.former AND EXISTS (SELECT FROM mine n WHERE n.order_id = m.order_id AND n.side = m.side AND n.connects AND NOT n.former))
    ORDER BY lower(m.live) DESC LIMIT 3)
    UNION ALL
    (SELECT 2, f
    FROM theirs k
    CROSS JOIN LATERAL masking.order_found(k.o, at, EXISTS (SELECT FROM mine m WHERE m.order_id = k.order_id)) f
    WHERE k.placed_at <= at
    ORDER BY k.placed_at DESC LIMIT 3)
    UNION ALL
    (SELECT 4, ('placed later', k.order_id, k.placed_at, NULL, NULL)::masking.finding
    FROM theirs k
    WHERE k.placed_at > at AND NOT EXISTS (SELECT FROM mine m WHERE m.order_id = k.order_id)
    ORDER BY k.placed_at LIMIT 1)
    UNION ALL
    (SELECT 3, masking.end_found(m.route)
    FROM mine m WHERE m.here AND upper(m.live) <= at
    ORDER BY upper(m.live) DESC LIMIT 1)
    UNION ALL
    (SELECT 4, ('not yet connected', m.order_id, lower(m.live), m.side, NULL)::masking.finding
    FROM mine m WHERE m.here AND lower(m.live) > at
    ORDER BY lower(m.live) LIMIT 1)
    UNION ALL
    SELECT 5, ('never on this number', NULL, NULL, NULL, NULL)::masking.finding
    WHERE EXISTS (SELECT FROM mine) AND NOT EXISTS (SELECT FROM mine m WHERE m.here)
    UNION ALL
    SELECT 6, ('own number', NULL, NULL, masking.other(m.side), NULL)::masking.finding
    FROM mine m WHERE m.callee = masking.person(dialled) AND m.connects
  ), numbered AS (
    SELECT d.rank, d.f, row_number() OVER () AS place FROM found d
  )
  SELECT (n.f).* FROM numbered n GROUP BY n.f, n.rank ORDER BY n.rank, min(n.place);
  IF NOT FOUND THEN
    RETURN NEXT ('unknown number', NULL, NULL, NULL, NULL)::masking.finding;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.reasons_not_connected(bigint, bigint, timestamptz) IS 'Why a caller reached nobody, most telling reason first.';

CREATE OR REPLACE FUNCTION masking.meant(at timestamptz) RETURNS tstzrange
LANGUAGE sql STABLE
AS $$
  -- 19:42 is a minute to whoever says it, and 19:42:10 a second.
  SELECT tstzrange(at, at + CASE WHEN extract(second FROM at) = 0 THEN interval '59.999 seconds' ELSE interval '0' END, '[]')
$$;
COMMENT ON FUNCTION masking.meant(timestamptz) IS 'The span of time that somebody means who names a time: a whole minute where there are no seconds.';

CREATE OR REPLACE FUNCTION masking.were_too_many(caller_is bigint, the_orders text[], at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  cap CONSTANT integer := masking.setting_amount('calls_per_hour');
BEGIN
  IF cap = 0 THEN
    RETURN false;
  ELSIF masking.meant(at) @> now() THEN
    RETURN masking.rang_enough(masking.pairs_of(the_orders), cap);
  END IF;
  RETURN EXISTS (
    SELECT FROM masking.calls c
    WHERE c.caller_hash = masking.hash_if_keyed(caller_is)
      AND c.called_at BETWEEN at - interval '1 second' AND upper(masking.meant(at)) + interval '1 second' AND c.outcome = 'too_many_calls');
END
$$;
COMMENT ON FUNCTION masking.were_too_many(bigint, text[], timestamptz) IS
  'Whether the setting calls_per_hour stands against one more call about these orders; of the past, whether it stood against one.';

CREATE OR REPLACE FUNCTION masking.call_found(
  caller_is bigint, dialled bigint, at timestamptz, OUT counterpart bigint, OUT order_ids text[], OUT findings masking.finding[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- "The customer says he rang at 19:42 and nobody was there." Who would have been connected then,
-- and why, or why not: findings, most telling first. A time without seconds is that minute: what
-- connected at its beginning or at its end counts.
--   reads   routes (of the caller, by index), orders (of the caller, by index), and with calls_per_hour
--           pair_calls and the calls of that minute
--   who     explain_route, console_why
#variable_conflict use_column
DECLARE
  side_is text;
  is_blocked boolean;
  is_elsewhere boolean;
  moment timestamptz;
BEGIN
  FOREACH moment IN ARRAY ARRAY[at, CASE WHEN at < now() THEN least(upper(masking.meant(at)), now()) END] LOOP
    CONTINUE WHEN moment IS NULL;
    -- Now (NULL) is what a call would find; before it, what one would have found.
    SELECT r.dials, r.order_ids, r.side, r.blocked INTO counterpart, order_ids, side_is, is_blocked
    FROM (VALUES (1, masking.person(caller_is)), (2, masking.hash_if_keyed(caller_is))) AS c (rank, caller)
    CROSS JOIN LATERAL masking.reached(c.caller, dialled, CASE WHEN moment < now() THEN moment END) r
    WHERE moment <= now() OR EXISTS (SELECT FROM masking.routes k WHERE k.order_id = ANY (r.order_ids) AND masking.is_live(k.live, k.closed, moment))
    ORDER BY c.rank
    LIMIT 1;
    EXIT WHEN counterpart IS NOT NULL OR is_blocked;
    -- (A setting as it is now: what it was then is not kept.)
    SELECT e.dials, e.order_ids, e.side, e.blocked, true INTO counterpart, order_ids, side_is, is_blocked, is_elsewhere
    FROM masking.elsewhere(masking.person(caller_is), dialled, CASE WHEN moment < now() THEN moment END) e
    WHERE moment <= now() AND e.outcome IN ('blocked', 'connected');
    EXIT WHEN counterpart IS NOT NULL OR is_blocked;
  END LOOP;

  IF counterpart IS NULL AND is_blocked IS NOT TRUE THEN
    findings := ARRAY(SELECT f FROM masking.reasons_not_connected(caller_is, dialled, at) f);
  ELSIF is_blocked THEN
    findings := ARRAY[masking.block_found(side_is, counterpart)];
  ELSIF masking.were_too_many(caller_is, order_ids, at) THEN
    findings := ARRAY[('too many calls', NULL, NULL, side_is, NULL)::masking.finding];
  ELSE
    findings := ARRAY[(CASE WHEN is_elsewhere THEN 'connected elsewhere' ELSE 'connected' END, NULL, NULL, side_is,
      masking.said_phone(counterpart))::masking.finding];
  END IF;
  IF order_ids IS NOT NULL THEN
    findings[1].order_id := array_to_string(order_ids, ', ');
  END IF;
END
$$;
COMMENT ON FUNCTION masking.call_found(bigint, bigint, timestamptz) IS
  'Whom a caller would have reached by dialling a number at some time, by which orders, and why, or why nobody.';

CREATE OR REPLACE FUNCTION masking.said_reasons(findings masking.finding[]) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT string_agg(masking.said_reason((f.reason, f.order_id, f.since, f.side, f.digits)), '; ' ORDER BY f.place)
  FROM unnest(findings) WITH ORDINALITY AS f (reason, order_id, since, side, digits, place)
$$;
COMMENT ON FUNCTION masking.said_reasons(masking.finding[]) IS 'Findings as people read them, in a row.';

CREATE OR REPLACE FUNCTION masking.explain_route(from_number text, to_number text, at timestamptz DEFAULT now())
RETURNS TABLE (counterpart bigint, order_ids text[], words text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- call_found() for people, in words that an operator can pass on; they show two digits of a number at most.
--   who  the owner; support by explain()
DECLARE
  asked record;
  found record;
BEGIN
  BEGIN
    SELECT * INTO asked FROM masking.asked_call(from_number, to_number, coalesce(at, now()));
  EXCEPTION WHEN SQLSTATE 'MK001' THEN
    words := 'not connected: ' || SQLERRM;
    RETURN NEXT;
    RETURN;
  END;
  SELECT c.*, r.tone INTO found
  FROM masking.call_found(asked.caller, asked.dialled, coalesce(at, now())) c LEFT JOIN masking.reasons r ON r.reason = c.findings[1].reason;
  counterpart := found.counterpart;
  order_ids := found.order_ids;
  words := CASE found.tone WHEN 'good' THEN 'connected: ' ELSE 'not connected: ' END || masking.said_reasons(found.findings);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.explain_route(text, text, timestamptz) IS
  'Who a caller would have reached by dialling a number at some time, by which orders, and why or why not in words.';
