-- An import of a hundred thousand orders in one transaction must not fill the cluster's
-- lock table. Its first thousand orders are routed at once; what comes after them takes
-- no more locks, commits waiting, and is served by assign_pending(). The count is a
-- setting of the transaction; a role that writes there changes what its own
-- transaction may lock, no more.
CREATE OR REPLACE FUNCTION masking.may_lock(more integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  most CONSTANT integer := 3000;
  noted text := current_setting('masking.locks', true);
  before integer := CASE WHEN noted ~ '^[0-9]{1,6}$' THEN noted::integer ELSE 0 END;
BEGIN
  IF before >= most THEN
    RETURN false;
  END IF;
  PERFORM set_config('masking.locks', (before + more)::text, true);
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.may_lock(integer) IS
  'Whether this transaction may take so many more locks; counts them.';

CREATE OR REPLACE FUNCTION masking.lock_people(people bigint[], patience interval) RETURNS boolean
LANGUAGE plpgsql
AS $$
-- Orders that share people must see each other's choice of a proxy number. They lock
-- the people they route, and give that up with their transaction.
--   locks  one advisory lock per person, tried, never waited for: transaction A, which
--          holds customer 1 and wants agent 2, and B, which holds agent 2 and wants customer 1,
--          both give up after their patience; neither is queued behind the other, so no
--          deadlock can come of it, in whatever order the order system writes. Then the rules
--          by which they may be routed, tried as well
--   who    route_order, phone_written, phones_follow; assign_pending with no patience
-- Who cannot get the locks commits without a proxy number and is served later. The
-- constraint on routes, not these locks, keeps two counterparts apart; without the locks
-- orders would only find fewer numbers free.
DECLARE
  -- Not all at one moment: of two that wait for each other, one shall go on.
  deadline timestamptz := clock_timestamp() + patience * (0.75 + random() / 4);
  person bigint;
BEGIN
  IF NOT masking.may_lock(cardinality(people)) THEN
    RETURN false;
  END IF;
  FOR person IN SELECT DISTINCT p FROM unnest(people) p ORDER BY p LOOP
    IF NOT masking.lock_by(deadline, 'masking.people', masking.lock_key(person)) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN masking.keep_rules(deadline);
END
$$;
COMMENT ON FUNCTION masking.lock_people(bigint[], interval) IS
  'Keeps other transactions from routing these people until this one ends; false if others would not let go in time.';
