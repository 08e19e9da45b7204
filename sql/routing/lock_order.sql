CREATE OR REPLACE FUNCTION masking.lock_order(the_order text) RETURNS void
LANGUAGE plpgsql
AS $$
-- Transactions A and B insert the same order id:
--   1. A finds no such order, and takes the lock of that id.
--   2. B finds none either, and waits here until A is over. The primary key would have made B
--      wait a moment later, when B had routed people already.
--   3. A has committed: B finds A's order. A has rolled back: B goes on as if alone.
-- A transaction that finds the order does not ask for the lock: it may hold the order's row, as
-- an upsert does, while A waits for that row. A transaction that may take no more locks goes
-- without: it routes nobody, and the routes that another transaction makes for what turns out to
-- be the same order do not outlive that other transaction (keep_or_remove).
--   locks  one advisory lock per order id, waited for
--   who    order_written
BEGIN
  IF masking.may_lock(1) THEN
    PERFORM pg_advisory_xact_lock(hashtext('masking.orders'), masking.lock_key(hashtextextended(the_order, 0)));
  END IF;
END
$$;
COMMENT ON FUNCTION masking.lock_order(text) IS
  'Waits until no other transaction is inserting this order.';
