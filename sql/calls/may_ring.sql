CREATE OR REPLACE FUNCTION masking.pairs_of(the_orders text[]) RETURNS bigint[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Who calls whom is said by the order, whichever phone, number or code the call came by. Orders that one call is about
-- may be of different people: a further phone of the one can be the main phone of the other.
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT coalesce(masking.hash_if_keyed(o.customer), o.customer) # coalesce(masking.hash_if_keyed(o.agent), o.agent)
    FROM masking.orders o
    WHERE o.order_id = ANY (the_orders) AND num_nulls(o.customer, o.agent) = 0
    ORDER BY 1);
END
$$;
COMMENT ON FUNCTION masking.pairs_of(text[]) IS
  'A number for the two people of each of these orders, whoever calls whom; says nothing of theirs.';

CREATE OR REPLACE FUNCTION masking.lock_pairs(pairs bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
-- While one batch counts the calls of a pair no other does; in the order of their keys, so that
-- no two batches wait for each other. The calls' rows are locked after this.
DECLARE
  key integer;
BEGIN
  FOR key IN SELECT DISTINCT hashint8(p) FROM unnest(pairs) p ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(hashtext('masking.pairs'), key);
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.lock_pairs(bigint[]) IS 'Locks pairs of people, before their calls are counted.';

CREATE OR REPLACE FUNCTION masking.rang_enough(pairs bigint[], cap integer, but_for text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM unnest(pairs) AS p (pair)
    JOIN masking.pair_calls k ON k.pair = p.pair AND masking.is_recent(k.called_at, interval '1 hour')
    GROUP BY p.pair
    HAVING count(*) >= cap AND bool_and(k.call_uuid IS DISTINCT FROM but_for));
END
$$;
COMMENT ON FUNCTION masking.rang_enough(bigint[], integer, text) IS
  'Whether one of these pairs had so many calls within the last hour, and this call is none of those.';

CREATE OR REPLACE FUNCTION masking.may_ring(the_call text, the_orders text[], cap integer) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- May one more call of these people be put through within this hour? Counts it then. A call that
-- counts already, as Plivo asks again, may.
--   reads, writes  pair_calls, of these pairs
--   locks          the pairs, which the batch has locked, but for one whose order changed since
--   who            answer_calls, answer_codes
DECLARE
  pairs bigint[];
BEGIN
  IF cap = 0 THEN
    RETURN true;
  END IF;
  pairs := masking.pairs_of(the_orders);
  PERFORM masking.lock_pairs(pairs);
  IF masking.rang_enough(pairs, cap, the_call) THEN
    RETURN false;
  END IF;
  DELETE FROM masking.pair_calls k WHERE k.pair = ANY (pairs) AND k.called_at <= now() - interval '1 hour';
  INSERT INTO masking.pair_calls (pair, call_uuid, called_at)
  SELECT p, the_call, now() FROM unnest(pairs) p
  ON CONFLICT DO NOTHING;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.may_ring(text, text[], integer) IS
  'Whether one more call about these orders may be put through, of so many of their people in an hour; counts it.';
