CREATE OR REPLACE FUNCTION masking.lock_order(the_order text) RETURNS void
LANGUAGE plpgsql
AS $$
-- Two transactions insert one order id. B has to know whether A's order is there before
-- B routes anything: it waits here until A is over, where the primary key would have made it
-- wait a moment later. Only who has found no such order asks for this lock: a
-- transaction that asked for it while it holds a row of orders, as an upsert does, could be
-- waiting for one that waits for that row. A transaction that may take no more locks
-- goes without: it routes nobody either, and what another routes for an order that turns
-- out to be this one's does not outlive that transaction (keep_or_remove).
--   locks  one advisory lock per order id, waited for
--   who    order_written
BEGIN
  IF masking.may_lock(1) THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(the_order, hashtext('masking.orders')));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.lock_order(text) IS
  'Waits until no other transaction is inserting this order.';
