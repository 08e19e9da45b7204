CREATE OR REPLACE FUNCTION masking.keep_blocks() RETURNS void
LANGUAGE plpgsql
AS $$
-- Before a route is opened: is what this transaction sees of blocks still so? At READ COMMITTED each statement sees
-- what is committed, and the people are locked. Above it
--   1. B begins, and sees no block.
--   2. A blocks a person, and commits: its UPDATE of the key is in the way of what B locks here.
--   3. B masks an order of that person: 40001, and its next try sees the block.
-- and where B was first, A waits for it (change_blocks). A row is what it takes: an advisory lock is free again after
-- A's commit, and tells nothing of what B cannot see.
--   locks   the row of block_version, FOR KEY SHARE, if it is free
--   who     route_order, open_phone
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM FROM masking.block_version v FOR KEY SHARE SKIP LOCKED;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'blocks are being changed' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.keep_blocks() IS
  'Keeps what is blocked as this transaction sees it until it ends; 40001: it has changed.';

CREATE OR REPLACE FUNCTION masking.change_blocks() RETURNS void
LANGUAGE plpgsql
AS $$
-- Before a block is set or lifted, or a prefix changed: see keep_blocks.
--   writes  block_version; its row is tried for lock_wait, for transactions above READ COMMITTED may hold it
--   who     block_person, unblock_person, the trigger on dial_prefixes
DECLARE
  deadline CONSTANT timestamptz := clock_timestamp() + masking.setting_span('lock_wait');
BEGIN
  LOOP
    PERFORM FROM masking.block_version v FOR UPDATE SKIP LOCKED;
    EXIT WHEN FOUND;
    IF clock_timestamp() > deadline THEN
      RAISE EXCEPTION 'an order is being written that a block or a prefix could concern'
        USING ERRCODE = 'MK012', HINT = 'Try again.';
    END IF;
    PERFORM pg_sleep(0.002);
  END LOOP;
  UPDATE masking.block_version SET version = version + 1;
END
$$;
COMMENT ON FUNCTION masking.change_blocks() IS
  'Tells transactions that cannot see what this one blocks or unblocks; MK012: one of them is at work.';
