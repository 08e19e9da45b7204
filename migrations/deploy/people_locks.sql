-- Deploy number-masking:people_locks to pg
--
-- Orders that share people must see each other's choice of a proxy number. They
-- lock the people they route, and give that up with their transaction.
--
-- No deadlock can come of it, whatever order the order system writes in: a lock
-- is tried, not waited for, so nobody is ever queued behind anybody. Who cannot
-- get it in time commits without a proxy number and is served later.
--
-- The constraint on routes, not these locks, is what keeps two counterparts
-- apart; without the locks, orders would only find fewer numbers free.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.lock_people(people bigint[], patience interval) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  -- Not all at one moment: of two that wait for each other, one shall go on.
  deadline timestamptz := clock_timestamp() + patience * (0.75 + random() / 4);
  person bigint;
  key integer;
BEGIN
  IF masking.has_orders_to_itself(cardinality(people)) THEN
    RETURN true;
  END IF;
  FOR person IN SELECT DISTINCT p FROM unnest(people) p ORDER BY p LOOP
    -- Anybody may read pg_locks, and there are few enough numbers to try them all.
    key := hashint8(coalesce(masking.hash_if_keyed(person), person));
    WHILE NOT pg_try_advisory_xact_lock(hashtext('masking.people'), key) LOOP
      IF clock_timestamp() > deadline THEN
        RETURN false;
      END IF;
      PERFORM pg_sleep(0.0002 + random() * 0.002);
    END LOOP;
  END LOOP;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.lock_people(bigint[], interval) IS
  'Keeps other transactions from routing these people until this one ends; false if others would not let go in time.';

-- Two transactions inserting one order id: the second has to know whether the
-- first exists before it routes anything. This waits where the primary key would
-- have made it wait a moment later, and until the first is over. Only who has
-- found no such order asks for it: asked for with a row of orders locked already,
-- as by an upsert, it could be held by somebody who waits for that row.
CREATE FUNCTION masking.lock_order(the_order text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT masking.has_orders_to_itself(1) THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(the_order, hashtext('masking.orders')));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.lock_order(text) IS
  'Waits until no other transaction is inserting this order.';

-- An import of a hundred thousand orders in one transaction must not fill the
-- cluster's lock table: now and then it tries for the whole orders table, and
-- once it has that it needs no other lock.
CREATE FUNCTION masking.has_orders_to_itself(more integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  every CONSTANT integer := 500;
  most CONSTANT integer := 3000;
  before integer := coalesce(nullif(current_setting('masking.locks', true), ''), '0')::integer;
BEGIN
  IF before < 0 THEN
    RETURN true;
  END IF;
  PERFORM set_config('masking.locks', (before + more)::text, true);
  IF before / every = (before + more) / every THEN
    RETURN false;
  END IF;
  IF masking.lock_orders() THEN
    PERFORM set_config('masking.locks', '-1', true);
    RETURN true;
  END IF;
  IF before > most THEN
    RAISE EXCEPTION 'too many orders in one transaction while others are being written'
      USING ERRCODE = 'MK009', HINT = 'Import in transactions of a few hundred orders.';
  END IF;
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.has_orders_to_itself(integer) IS
  'Whether this transaction, about to take so many more locks, has the orders table to itself; tries to get it every few hundred locks.';

CREATE FUNCTION masking.lock_orders() RETURNS boolean
LANGUAGE plpgsql
SET lock_timeout = '500ms'
AS $$
BEGIN
  LOCK TABLE masking.orders IN SHARE ROW EXCLUSIVE MODE;
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.lock_orders() IS
  'Keeps all others from writing orders until this transaction ends; false if they would not let go.';

COMMIT;
