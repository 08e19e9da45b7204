-- A lock of the table is what there is for "until I commit": nobody without rights on it can take one (anybody who
-- logs in can take an advisory lock), it is tried by LOCK ... NOWAIT, and costs an order one subtransaction that writes
-- nothing.
CREATE OR REPLACE FUNCTION masking.keep_rules(deadline timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
-- Before a route is opened: what this transaction sees of who is blocked, what may be dialled and which numbers are
-- ours, is it so, and does it stay so until the commit?
--   1. A changes it, and has not committed: B tries until the deadline, then its order waits.
--   2. B has asked: a change of the prefixes, which concern anybody, waits for B's end. A block, or a number that
--      becomes ours, need not: who sets it holds the person, as B does (lock_people).
--   3. A changed it after B's snapshot was taken, above READ COMMITTED: 40001, and B's next try sees it. A row tells
--      that, by its key; where B was first, A waits for B.
--   locks   rule_version, ROW SHARE; above READ COMMITTED its row, FOR KEY SHARE, if it is free
--   who     lock_people
BEGIN
  LOOP
    BEGIN
      LOCK TABLE masking.rule_version IN ROW SHARE MODE NOWAIT;
      EXIT;
    EXCEPTION WHEN lock_not_available THEN
      IF clock_timestamp() > deadline THEN
        RETURN false;
      END IF;
    END;
    PERFORM pg_sleep(0.0002 + random() * 0.002);
  END LOOP;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM FROM masking.rule_version v FOR KEY SHARE SKIP LOCKED;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'what is blocked, or the pool, is being changed' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
    END IF;
  END IF;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.keep_rules(timestamptz) IS
  'Keeps blocks, prefixes and the pool''s numbers as this transaction sees them until it ends; false: they are being changed; 40001: they have been.';

-- Queued for, in slices with a pause between them: many orders one after the other would else never leave a moment
-- without any. Slices are shorter than an order's patience, and than PostgreSQL's before it looks for deadlocks.
CREATE OR REPLACE FUNCTION masking.queue_for_rules() RETURNS boolean
LANGUAGE plpgsql
SET lock_timeout = '100ms'
AS $$
BEGIN
  LOCK TABLE masking.rule_version IN EXCLUSIVE MODE;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.queue_for_rules() IS
  'Waits a moment until no transaction keeps the rules; then nobody opens a route until this one ends. false: one still does.';

CREATE OR REPLACE FUNCTION masking.change_rules(for_anybody boolean) RETURNS void
LANGUAGE plpgsql
AS $$
-- Before a block is set or lifted, a number becomes ours, or, for anybody, a prefix changes: see keep_rules.
--   writes  rule_version
--   locks   for anybody, the table: then its row, tried; for lock_wait together
--   who     lock_person, blocks_follow_all
DECLARE
  deadline CONSTANT timestamptz := clock_timestamp() + masking.patience();
  waits boolean := true;
BEGIN
  -- Above it, orders that were committed since the snapshot would go unseen.
  WHILE current_setting('transaction_isolation') = 'read committed' LOOP
    IF NOT for_anybody OR masking.queue_for_rules() THEN
      PERFORM FROM masking.rule_version v FOR UPDATE SKIP LOCKED;
      waits := NOT FOUND;
    END IF;
    EXIT WHEN NOT waits OR clock_timestamp() > deadline;
    PERFORM pg_sleep(CASE WHEN for_anybody THEN 0.1 ELSE 0.002 END);
  END LOOP;
  IF waits THEN
    RAISE EXCEPTION 'an order is being written that this could concern'
      USING ERRCODE = 'MK012', HINT = 'Try again, in a transaction that is READ COMMITTED.';
  END IF;
  UPDATE masking.rule_version SET version = version + 1;
END
$$;
COMMENT ON FUNCTION masking.change_rules(boolean) IS
  'Tells transactions that cannot see it what this one changes of blocks and the pool; for_anybody: and lets nobody be routed until it ends. MK012: one of them is at work.';
