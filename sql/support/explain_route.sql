CREATE OR REPLACE FUNCTION masking.reasons_not_connected(caller_is bigint, dialled bigint, at timestamptz) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  person CONSTANT bigint := masking.person(caller_is);
  hash CONSTANT bigint := masking.hash_if_keyed(caller_is);
  written CONSTANT text[] := masking.spellings(caller_is);
BEGIN
  RETURN (
    WITH mine AS MATERIALIZED (
      SELECT r.*, (r.proxy = dialled OR r.proxy IS NULL) AS here, NOT r.closed OR upper(r.live) <= now() AS counts
      FROM masking.routes r
      WHERE r.caller IN (person, hash)
      ORDER BY upper(r.live) DESC
      LIMIT 2000
    ), theirs AS MATERIALIZED (
      (SELECT k.* FROM masking.orders k WHERE k.customer_number = ANY (written) LIMIT 2000)
      UNION ALL
      (SELECT k.* FROM masking.orders k WHERE k.agent_number = ANY (written) LIMIT 2000)
      UNION ALL
      (SELECT k.* FROM masking.order_phones p JOIN masking.orders k ON k.order_id = p.order_id
       WHERE p.number = ANY (written) LIMIT 2000)
    ), reason AS (
      (SELECT 1 AS rank, format('order %s %s on another number, %s; not on this one',
        m.order_id, CASE WHEN at < now() THEN 'was' ELSE 'is' END, masking.redacted(m.proxy::text)) AS words
      FROM mine m WHERE NOT m.here AND m.live @> at AND m.counts
      ORDER BY lower(m.live) DESC LIMIT 3)
      UNION ALL
      -- The order's row says what is, not what was: what its routes say is above and below.
      (SELECT 2, format('order %s: ', o.order_id) || CASE
        WHEN o.cancelled_at <= at THEN format('cancelled at %s, was never connected', masking.said_time(o.cancelled_at))
        WHEN o.completed_at <= at THEN format('completed at %s, was never connected', masking.said_time(o.completed_at))
        WHEN o.refused IS NOT NULL THEN format('a number was not taken, %s', array_to_string(o.refused, '; '))
        WHEN o.unmasked_since <= at THEN format('waiting for a proxy number since %s', masking.said_time(o.unmasked_since))
        WHEN o.routed THEN 'has no agent now'
        ELSE 'not yet assigned to an agent'
      END
      FROM (
        SELECT k.*, EXISTS (SELECT FROM mine m WHERE m.order_id = k.order_id) AS routed
        FROM theirs k
        WHERE k.placed_at <= at
      ) o
      WHERE CASE WHEN least(o.cancelled_at, o.completed_at) <= at THEN NOT o.routed
        ELSE o.agent_number IS NULL OR o.refused IS NOT NULL OR o.unmasked_since <= at END
      ORDER BY o.placed_at DESC LIMIT 3)
      UNION ALL
      (SELECT 4, format('order %s: placed later, at %s', k.order_id, masking.said_time(k.placed_at))
      FROM theirs k
      WHERE k.placed_at > at AND NOT EXISTS (SELECT FROM mine m WHERE m.order_id = k.order_id)
      ORDER BY k.placed_at LIMIT 1)
      UNION ALL
      (SELECT 3, format('order %s: expired at %s, %s', m.order_id, masking.said_time(upper(m.live)),
        coalesce(m.ended, 'the longest life of an order nobody completed'))
      FROM mine m WHERE m.here AND upper(m.live) <= at
      ORDER BY upper(m.live) DESC LIMIT 1)
      UNION ALL
      (SELECT 4, format('order %s: not yet connected then, only since %s', m.order_id, masking.said_time(lower(m.live)))
      FROM mine m WHERE m.here AND lower(m.live) > at
      ORDER BY lower(m.live) LIMIT 1)
      UNION ALL
      SELECT 5, 'this party was never on this number'
      WHERE EXISTS (SELECT FROM mine) AND NOT EXISTS (SELECT FROM mine m WHERE m.here)
      UNION ALL
      SELECT 6, 'the number dialled is the other party''s own'
      FROM mine m WHERE m.callee = dialled AND m.live @> at
    )
    SELECT string_agg(r.words, '; ' ORDER BY r.rank) FROM (SELECT DISTINCT * FROM reason) r);
END
$$;
COMMENT ON FUNCTION masking.reasons_not_connected(bigint, bigint, timestamptz) IS
  'Why a caller reached nobody, most telling reason first; NULL: nothing is known of the caller.';

CREATE OR REPLACE FUNCTION masking.meant(at timestamptz) RETURNS tstzrange
LANGUAGE sql STABLE
AS $$
  -- 19:42 is a minute to whoever says it, and 19:42:10 a second.
  SELECT tstzrange(at, at + CASE WHEN extract(second FROM at) = 0 THEN interval '59.999 seconds' ELSE interval '0' END, '[]')
$$;
COMMENT ON FUNCTION masking.meant(timestamptz) IS 'The span of time that somebody means who names a time: a whole minute where there are no seconds.';

CREATE OR REPLACE FUNCTION masking.were_too_many(caller_is bigint, callee bigint, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  cap CONSTANT integer := masking.setting_amount('calls_per_hour');
BEGIN
  IF cap = 0 THEN
    RETURN false;
  ELSIF masking.meant(at) @> now() THEN
    RETURN cap <= (SELECT count(*) FROM masking.pair_calls k
      WHERE k.pair = masking.pair_of(masking.person(caller_is), callee) AND k.called_at > now() - interval '1 hour');
  END IF;
  RETURN EXISTS (
    SELECT FROM masking.calls c
    WHERE c.caller_hash IN (masking.hash_if_keyed(caller_is), masking.hash_if_keyed(masking.person(caller_is)))
      AND c.called_at BETWEEN at - interval '1 second' AND upper(masking.meant(at)) + interval '1 second' AND c.outcome = 'too_many_calls');
END
$$;
COMMENT ON FUNCTION masking.were_too_many(bigint, bigint, timestamptz) IS
  'Whether the setting calls_per_hour stands against one more call of these two; of the past, whether it stood against one.';

CREATE OR REPLACE FUNCTION masking.explain_route(from_number text, to_number text, at timestamptz DEFAULT now())
RETURNS TABLE (counterpart bigint, order_ids text[], words text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- "The customer says he rang at 19:42 and nobody was there." Who would have been connected then,
-- and why, or why not, in words an operator can pass on. Words show two digits of a number at most.
-- A time without seconds is that minute: what connected at its beginning or at its end counts.
--   reads   routes (of the caller, by index), orders (of the caller, by index), and with calls_per_hour
--           pair_calls and the calls of that minute
--   who     the owner; the console and support by functions of their own
#variable_conflict use_column
DECLARE
  caller_is bigint;
  dialled bigint;
  side_is text;
  is_blocked boolean;
  is_elsewhere boolean;
  moment timestamptz;
BEGIN
  at := coalesce(at, now());
  BEGIN
    dialled := masking.number_of(masking.e164(to_number, 'to'));
    -- As a network may send it: the national form of the number dialled.
    caller_is := masking.caller_of(-(regexp_match(
      translate(masking.visible(from_number), ' .-()[]', ''), '^0([1-9][0-9]{5,13})$'))[1]::bigint, dialled);
    caller_is := coalesce(caller_is, masking.number_of(masking.e164(from_number, 'from')));
  EXCEPTION WHEN SQLSTATE 'MK001' THEN
    words := SQLERRM;
  END;
  IF caller_is IS NULL OR dialled IS NULL THEN
    words := 'not connected: ' || coalesce(words, 'a number is missing');
    RETURN NEXT;
    RETURN;
  END IF;

  FOREACH moment IN ARRAY ARRAY[at, CASE WHEN at < now() THEN least(upper(masking.meant(at)), now()) END] LOOP
    CONTINUE WHEN moment IS NULL;
    -- Now (NULL) is what a call would find; before it, what one would have found.
    SELECT r.callee, r.order_ids, r.side, r.blocked INTO counterpart, order_ids, side_is, is_blocked
    FROM (VALUES (1, masking.person(caller_is)), (2, masking.hash_if_keyed(caller_is))) AS c (rank, caller)
    CROSS JOIN LATERAL masking.reached(c.caller, dialled, CASE WHEN moment < now() THEN moment END) r
    WHERE moment <= now() OR EXISTS (SELECT FROM masking.routes k WHERE k.order_id = ANY (r.order_ids) AND k.live @> moment)
    ORDER BY c.rank
    LIMIT 1;
    EXIT WHEN counterpart IS NOT NULL OR is_blocked;
    -- (A setting as it is now: what it was then is not kept.)
    SELECT e.callee, e.order_ids, e.side, e.blocked, true INTO counterpart, order_ids, side_is, is_blocked, is_elsewhere
    FROM masking.elsewhere(masking.person(caller_is), dialled, CASE WHEN moment < now() THEN moment END) e
    WHERE moment <= now() AND e.outcome IN ('blocked', 'connected');
    EXIT WHEN counterpart IS NOT NULL OR is_blocked;
  END LOOP;

  IF is_blocked THEN
    words := format('not connected: order %s: ', array_to_string(order_ids, ', '))
      || coalesce(nullif(masking.said_block(counterpart), 'blocked'), format('the %s is blocked', side_is));
  ELSIF counterpart IS NOT NULL AND masking.were_too_many(caller_is, counterpart, at) THEN
    words := format('not connected: order %s: more calls of these two within an hour than the setting calls_per_hour allows',
      array_to_string(order_ids, ', '));
  ELSIF counterpart IS NOT NULL THEN
    words := format('connected: the %s of order %s %s the other side, %s', side_is,
      array_to_string(order_ids, ', '), CASE WHEN at < now() THEN 'reached' ELSE 'reaches' END,
      CASE WHEN counterpart < 0 THEN 'whose number is forgotten' ELSE masking.redacted(counterpart::text) END)
      || CASE WHEN is_elsewhere THEN '; the order is on another number, and the setting any_number connects' ELSE '' END;
  ELSE
    words := 'not connected: ' || coalesce(
      masking.reasons_not_connected(caller_is, dialled, at),
      'number unknown, no order ever had it');
  END IF;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.explain_route(text, text, timestamptz) IS
  'Who a caller would have reached by dialling a number at some time, by which orders, and why or why not in words.';
