CREATE OR REPLACE FUNCTION masking.proxy_number_removed(before masking.proxy_numbers) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  -- An order being written may have chosen it; that is over in a moment, and what it
  -- leaves can be seen only then.
  IF current_setting('transaction_isolation') <> 'read committed' OR NOT masking.lock_by(
    clock_timestamp() + masking.patience(), 'masking.proxy_numbers', masking.lock_key(before.e164))
  THEN
    RAISE EXCEPTION 'number: "%" is being used by an order that is being written', masking.redacted(before.number)
      USING ERRCODE = 'MK012', COLUMN = 'number', TABLE = 'proxy_numbers', HINT = 'Try again, in a transaction that is READ COMMITTED.';
  END IF;
  IF EXISTS (SELECT FROM masking.live_routes() r WHERE r.proxy = before.e164) THEN
    RAISE EXCEPTION 'number: "%" still connects calls', masking.redacted(before.number)
      USING ERRCODE = 'MK006', COLUMN = 'number', TABLE = 'proxy_numbers',
        HINT = 'Set enabled to false, and remove it when masking.pool_status shows no live routes. Does it ring no more? masking.replace_number() gives its orders others.';
  END IF;
  DELETE FROM masking.replacement_orders r WHERE r.number = before.e164;
  DELETE FROM masking.replacements r WHERE r.number = before.e164;
END
$$;
COMMENT ON FUNCTION masking.proxy_number_removed(masking.proxy_numbers) IS
  'Refuses to take a number out of the pool that still connects calls; what is kept of its replacement goes with it.';

CREATE OR REPLACE FUNCTION masking.proxy_number_written(before masking.proxy_numbers, p masking.proxy_numbers)
RETURNS masking.proxy_numbers
LANGUAGE plpgsql
AS $$
-- Adding and disabling a number need no care: routes keep the number they have. Taking out one
-- that connects people is refused; disabling it first lets it drain. From an empty pool to a
-- filled one and back, routes of the other mode live out their time, and the constraint
-- holds between the two. A number that is enabled again is replaced no further.
--   reads  routes of the number, orders of the number (an index each), routes held on it
--   writes replacements
--   locks  the number as a person, then what orders see of the pool (lock_person), and as a proxy number when it
--          leaves: tried, for lock_wait
--   who    the trigger "written" on proxy_numbers
-- (An order without an agent routes nobody: one that is placed at the same moment by a customer
-- with the very number that is being added goes unnoticed, and choose_proxy has no number for it.)
DECLARE
  added bigint;
BEGIN
  IF p.number IS DISTINCT FROM before.number THEN
    p.number := masking.e164(p.number, 'number');
  END IF;
  IF before.number IS NOT DISTINCT FROM p.number THEN
    UPDATE masking.replacements r SET stopped = true, waiting = 0, remaining = 0 WHERE r.number = before.e164 AND p.enabled AND NOT r.stopped;
    RETURN p;
  ELSIF before.number IS NOT NULL THEN
    PERFORM masking.proxy_number_removed(before);
  END IF;
  added := masking.person(masking.number_of(p.number));
  PERFORM masking.lock_person(added);
  IF EXISTS (SELECT FROM masking.routes r WHERE r.caller = added AND masking.is_live(r.live, r.closed))
    -- Two questions, not one with OR: each has its index.
    OR EXISTS (SELECT FROM masking.orders o WHERE o.customer = added AND masking.is_open(o, now()))
    OR EXISTS (SELECT FROM masking.orders o WHERE o.agent = added AND masking.is_open(o, now()))
  THEN
    RAISE EXCEPTION 'number: "%" is the phone of somebody with an open order', masking.redacted(p.number)
      USING ERRCODE = 'MK004', COLUMN = 'number', TABLE = 'proxy_numbers';
  END IF;
  RETURN p;
END
$$;
COMMENT ON FUNCTION masking.proxy_number_written(masking.proxy_numbers, masking.proxy_numbers) IS
  'A proxy number as it was (NULL: new) and as it is written now; the row to store, or an error: it is somebody''s phone, or the one before still connects calls.';
