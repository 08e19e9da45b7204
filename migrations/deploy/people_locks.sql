-- Deploy number-masking:people_locks to pg
--
-- Orders that share people must see each other's choice of a proxy number. They
-- lock the people they route, and give that up with their transaction.
--
-- No deadlock can come of it, whatever order the order system writes in: a lock
-- is tried, not waited for, so nobody is ever queued behind anybody. Who cannot
-- get it in time commits without a proxy number and is served later; so does what
-- comes after thousands of orders in one transaction, when too many locks are held.
--
-- The constraint on routes, not these locks, is what keeps two counterparts
-- apart; without the locks, orders would only find fewer numbers free.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.lock_by(deadline timestamptz, what text, key integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  WHILE NOT pg_try_advisory_xact_lock(hashtext(what), key) LOOP
    IF clock_timestamp() > deadline THEN
      RETURN false;
    END IF;
    PERFORM pg_sleep(0.0002 + random() * 0.002);
  END LOOP;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.lock_by(timestamptz, text, integer) IS
  'Tries for a lock of this transaction until the deadline; false if others would not let go.';

-- Anybody may read pg_locks, and there are few enough numbers to try them all.
CREATE FUNCTION masking.lock_key(person bigint) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN hashint8(coalesce(masking.hash_if_keyed(person), person));
END
$$;
COMMENT ON FUNCTION masking.lock_key(bigint) IS
  'What stands for a person in a lock''s name.';

CREATE FUNCTION masking.lock_people(people bigint[], patience interval) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  -- Not all at one moment: of two that wait for each other, one shall go on.
  deadline timestamptz := clock_timestamp() + patience * (0.75 + random() / 4);
  person bigint;
BEGIN
  CASE masking.lock_budget(cardinality(people))
    WHEN 'all held' THEN RETURN true;
    WHEN 'spent' THEN RETURN false;
    ELSE NULL;
  END CASE;
  FOR person IN SELECT DISTINCT p FROM unnest(people) p ORDER BY p LOOP
    IF NOT masking.lock_by(deadline, 'masking.people', masking.lock_key(person)) THEN
      RETURN false;
    END IF;
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
-- as by an upsert, it could be held by somebody who waits for that row. Who has no
-- lock left goes without: he routes nobody either, and what another routes for an
-- order that turns out to be his does not outlive that transaction (belongs).
CREATE FUNCTION masking.lock_order(the_order text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF masking.lock_budget(1) = 'each' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(the_order, hashtext('masking.orders')));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.lock_order(text) IS
  'Waits until no other transaction is inserting this order.';

-- An import of a hundred thousand orders in one transaction must not fill the
-- cluster's lock table. From a number of locks that no ordinary transaction needs
-- it tries, now and then, for the whole orders table, and once it has that it
-- needs no other lock; if others never let go, it takes no more.
CREATE FUNCTION masking.lock_budget(more integer) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  every CONSTANT integer := 500;
  many CONSTANT integer := 1500;
  most CONSTANT integer := 3000;
  before integer := coalesce(nullif(current_setting('masking.locks', true), ''), '0')::integer;
BEGIN
  IF before < 0 THEN
    RETURN 'all held';
  ELSIF before >= most THEN
    RETURN 'spent';
  END IF;
  PERFORM set_config('masking.locks', (before + more)::text, true);
  IF before + more >= many AND before / every < (before + more) / every AND masking.lock_orders() THEN
    PERFORM set_config('masking.locks', '-1', true);
    RETURN 'all held';
  END IF;
  RETURN 'each';
END
$$;
COMMENT ON FUNCTION masking.lock_budget(integer) IS
  'Whether this transaction takes so many more locks: each of them; none, as all are held with the table; or none, as it holds too many already (spent).';

-- Tried, too: while it waited, others would queue behind it, and whoever waits for
-- one of its rows would find a deadlock.
CREATE FUNCTION masking.lock_orders() RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  deadline CONSTANT timestamptz := clock_timestamp() + interval '500 ms';
BEGIN
  LOOP
    BEGIN
      LOCK TABLE masking.orders IN SHARE ROW EXCLUSIVE MODE NOWAIT;
      RETURN true;
    EXCEPTION WHEN lock_not_available THEN
      IF clock_timestamp() > deadline THEN
        RETURN false;
      END IF;
    END;
    PERFORM pg_sleep(0.001 + random() * 0.01);
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.lock_orders() IS
  'Keeps all others from writing orders until this transaction ends; false if they would not let go.';

COMMIT;
