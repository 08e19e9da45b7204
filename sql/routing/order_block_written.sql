CREATE OR REPLACE FUNCTION masking.order_block_written(block masking.order_blocks) RETURNS masking.order_blocks
LANGUAGE plpgsql
AS $$
-- A block of an order, checked: the order must be there, so that nobody believes in one that
-- stops nothing. The same block again changes nothing.
--   reads, locks  the order's row (waits, as any UPDATE of it would)
--   who           the trigger "written" on order_blocks
BEGIN
  IF block.side IS NULL OR block.side NOT IN ('customer', 'agent', 'both') THEN
    RAISE EXCEPTION 'side: must be customer, agent or both'
      USING ERRCODE = 'MK005', COLUMN = 'side', TABLE = 'order_blocks', HINT = 'Whose calls are to be stopped?';
  END IF;
  PERFORM FROM masking.orders o WHERE o.order_id = block.order_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'order_id: there is no such order'
      USING ERRCODE = 'MK005', COLUMN = 'order_id', TABLE = 'order_blocks', HINT = 'Place the order first.';
  END IF;
  block.reason := left(block.reason, 200);
  block.blocked_at := coalesce(block.blocked_at, now());
  RETURN block;
END
$$;
COMMENT ON FUNCTION masking.order_block_written(masking.order_blocks) IS
  'A block of an order, checked, or an error that shows no number.';

CREATE OR REPLACE FUNCTION masking.block_takes_effect(the_order text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF NOT masking.keep_rules(clock_timestamp() + masking.patience()) THEN
    RAISE EXCEPTION 'order %: what may be dialled is being changed', the_order
      USING ERRCODE = 'MK012', TABLE = 'order_blocks', HINT = 'Try again.';
  END IF;
  PERFORM masking.blocks_follow(the_order);
END
$$;
COMMENT ON FUNCTION masking.block_takes_effect(text) IS
  'Brings the routes of an order in step with a block of it, or MK012.';

CREATE OR REPLACE FUNCTION masking.order_block_follows(before masking.order_blocks, block masking.order_blocks) RETURNS void
LANGUAGE plpgsql
AS $$
--   writes  block_log, routes
--   locks   what else may block the order (keep_rules, tried for lock_wait, else MK012), the order's row (waits)
--   who     the trigger "follow" on order_blocks
BEGIN
  IF (before.order_id, before.side) IS NOT DISTINCT FROM (block.order_id, block.side) THEN
    RETURN;
  END IF;
  IF before.order_id IS NOT NULL THEN
    INSERT INTO masking.block_log (did, order_id, side, reason) VALUES ('unblocked', before.order_id, before.side, before.reason);
    -- Above READ COMMITTED a route may be there that cannot be seen: then its order was written since, and this is 40001.
    PERFORM FROM masking.orders o WHERE o.order_id = before.order_id FOR NO KEY UPDATE;
    -- (Not where the order itself is being deleted: it may not be written then, and connects nobody.)
    IF EXISTS (
      SELECT FROM masking.routes r WHERE r.order_id = before.order_id AND masking.is_live(r.live, r.closed, clock_timestamp()))
    THEN
      PERFORM masking.block_takes_effect(before.order_id);
    END IF;
  END IF;
  IF block.order_id IS NOT NULL THEN
    INSERT INTO masking.block_log (did, order_id, side, reason) VALUES ('blocked', block.order_id, block.side, block.reason);
    PERFORM masking.block_takes_effect(block.order_id);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.order_block_follows(masking.order_blocks, masking.order_blocks) IS
  'What follows from a block that was set, changed or lifted: routes in step, a line in block_log.';
