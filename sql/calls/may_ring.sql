CREATE OR REPLACE FUNCTION masking.pair_of(one bigint, other bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN coalesce(masking.hash_if_keyed(one), one) # coalesce(masking.hash_if_keyed(other), other);
END
$$;
COMMENT ON FUNCTION masking.pair_of(bigint, bigint) IS 'One number for two people, whoever calls whom; says nothing of theirs.';

CREATE OR REPLACE FUNCTION masking.lock_pairs(callers bigint[], dialled bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
-- While one batch counts the calls of a pair no other does; in the order of their keys, so that
-- no two batches wait for each other. The calls' rows are locked after this.
DECLARE
  key integer;
BEGIN
  FOR key IN
    SELECT DISTINCT hashint8(masking.pair_of(masking.caller_of(a.caller, a.proxy), r.callee))
    FROM unnest(callers, dialled) AS a (caller, proxy)
    CROSS JOIN LATERAL masking.reached(masking.caller_of(a.caller, a.proxy), a.proxy) r
    ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(hashtext('masking.pairs'), key);
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.lock_pairs(bigint[], bigint[]) IS 'Locks the pairs that these calls are between.';

CREATE OR REPLACE FUNCTION masking.may_ring(the_call text, caller bigint, callee bigint, cap integer) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- May one more call of these two be put through within this hour? Counts it then. A call that
-- counts already, as Plivo asks again, may.
--   reads, writes  pair_calls, of this pair
--   who            answer_calls, having locked the pair; answer_codes
DECLARE
  the_pair CONSTANT bigint := masking.pair_of(caller, callee);
BEGIN
  IF cap = 0 THEN
    RETURN true;
  END IF;
  DELETE FROM masking.pair_calls k WHERE k.pair = the_pair AND k.called_at <= now() - interval '1 hour';
  IF EXISTS (SELECT FROM masking.pair_calls k WHERE k.pair = the_pair AND k.call_uuid = the_call) THEN
    RETURN true;
  ELSIF (SELECT count(*) FROM masking.pair_calls k WHERE k.pair = the_pair) >= cap THEN
    RETURN false;
  END IF;
  INSERT INTO masking.pair_calls (pair, call_uuid, called_at) VALUES (the_pair, the_call, now()) ON CONFLICT DO NOTHING;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.may_ring(text, bigint, bigint, integer) IS
  'Whether one more call of a pair may be put through, of so many in an hour; counts it.';
