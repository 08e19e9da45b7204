-- Deploy number-masking:proxy_pool to pg
--
-- Changing the pool while calls run. Adding and disabling need no care: routes
-- keep the number they have. Taking a number out of the pool that still
-- connects people is refused; disabling it first lets it drain. From an empty
-- pool to a filled one and back, routes of the other mode live out their time,
-- and the constraint holds between the two.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.proxy_numbers_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  deadline timestamptz := clock_timestamp() + masking.setting_span('lock_wait');
  leaves boolean := TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR NEW.number <> OLD.number);
BEGIN
  -- Orders being written may have chosen it, or route it as somebody's phone: either
  -- is over in a moment, and what it leaves can be seen only then. (An order without
  -- an agent routes nobody: one that is placed at the same moment by a customer with
  -- the very number that is being added goes unnoticed, and is not rung there.)
  IF leaves AND (current_setting('transaction_isolation') <> 'read committed'
      OR NOT masking.lock_by(deadline, 'masking.proxy_numbers', hashint8(OLD.e164)))
    OR TG_OP <> 'DELETE' AND NOT masking.lock_by(deadline, 'masking.people', masking.lock_key(NEW.number::bigint))
  THEN
    RAISE EXCEPTION 'number: "%" is being used by an order that is being written',
      masking.redacted(CASE TG_OP WHEN 'DELETE' THEN OLD.number ELSE NEW.number END)
      USING ERRCODE = 'MK012', COLUMN = 'number', TABLE = 'proxy_numbers', HINT = 'Try again, in a transaction that is READ COMMITTED.';
  END IF;
  IF leaves AND EXISTS (
    SELECT FROM masking.routes r
    WHERE r.caller > 0 AND upper(r.held) > now() AND upper(r.live) > now() AND r.proxy = OLD.e164)
  THEN
    RAISE EXCEPTION 'number: "%" still connects calls', masking.redacted(OLD.number)
      USING ERRCODE = 'MK006', COLUMN = 'number', TABLE = 'proxy_numbers',
        HINT = 'Set enabled to false, and remove it when masking.pool_status shows no live routes.';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF EXISTS (
    SELECT FROM masking.routes r WHERE r.caller = NEW.number::bigint AND upper(r.live) > now()
  ) OR EXISTS (
    SELECT FROM masking.orders o
    WHERE NEW.number IN (o.customer_number, o.agent_number) AND o.completed_at IS NULL
      AND o.cancelled_at IS NULL AND o.forgotten_at IS NULL)
  THEN
    RAISE EXCEPTION 'number: "%" is the phone of somebody with an open order', masking.redacted(NEW.number)
      USING ERRCODE = 'MK004', COLUMN = 'number', TABLE = 'proxy_numbers';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.proxy_numbers_change() IS
  'Trigger: refuses to remove a number that still connects calls, and to add one that is somebody''s phone.';

-- After "normalise", which comes first in the alphabet.
CREATE TRIGGER pool_change BEFORE INSERT OR DELETE OR UPDATE OF number ON masking.proxy_numbers
FOR EACH ROW EXECUTE FUNCTION masking.proxy_numbers_change();

COMMIT;
