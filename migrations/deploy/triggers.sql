-- Deploy number-masking:triggers to pg
--
-- What makes everything follow from a write of the order system or an operator, in
-- the same transaction. Each trigger function hands the row to the function in sql/
-- that has the rules, so that what happens in which order is said there. Where a table
-- has two triggers of a kind, PostgreSQL fires them in the order of their names: on orders
-- "guard" has to come before "written".
--
-- Orders need a BEFORE trigger (only that can fill proxy_number for RETURNING)
-- that writes other tables. An INSERT with ON CONFLICT fires it for rows that are
-- not inserted in the end; so order_written() looks for the order first, under a
-- lock, and routes that turn out to be nobody's are taken away at commit (belongs).
--
-- They fire always, also for rows that logical replication brings or a session with
-- session_replication_role = replica writes: an order that comes past them would be
-- without routes, or a cancelled one would stay connected.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.orders_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM masking.order_removed(OLD);
    RETURN OLD;
  END IF;
  RETURN masking.order_written(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.orders_written() IS 'Trigger: see masking.order_written() and masking.order_removed().';
CREATE TRIGGER written BEFORE INSERT OR UPDATE OR DELETE ON masking.orders
FOR EACH ROW EXECUTE FUNCTION masking.orders_written();

-- As whoever writes, and before the other: what is its own to write, the order system's or ours? What an
-- owner writes, as our own functions do, is taken as it is.
CREATE FUNCTION masking.orders_guarded() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN masking.order_guarded(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.orders_guarded() IS 'Trigger: see masking.order_guarded().';
GRANT EXECUTE ON FUNCTION masking.orders_guarded() TO masking_orders;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON masking.orders FOR EACH ROW
WHEN (NOT pg_has_role(current_user, 'masking_owner', 'USAGE'))
EXECUTE FUNCTION masking.orders_guarded();

-- Neither fires what keeps routes in step: both would leave people connected.
CREATE TRIGGER keep BEFORE UPDATE OF order_id ON masking.orders FOR EACH ROW
WHEN (OLD.order_id IS DISTINCT FROM NEW.order_id)
EXECUTE FUNCTION masking.refuse_change('Delete the order and place it under its new id.');
CREATE TRIGGER keep_all BEFORE TRUNCATE ON masking.orders
EXECUTE FUNCTION masking.refuse_change('DELETE cuts off the people on the orders.');

CREATE FUNCTION masking.order_phones_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM masking.phone_removed(OLD);
    RETURN OLD;
  END IF;
  RETURN masking.phone_written(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.order_phones_written() IS 'Trigger: see masking.phone_written() and masking.phone_removed().';
CREATE TRIGGER written BEFORE INSERT OR UPDATE OR DELETE ON masking.order_phones
FOR EACH ROW EXECUTE FUNCTION masking.order_phones_written();

CREATE FUNCTION masking.order_phones_guarded() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN masking.phone_guarded(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.order_phones_guarded() IS 'Trigger: see masking.phone_guarded().';
GRANT EXECUTE ON FUNCTION masking.order_phones_guarded() TO masking_orders;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON masking.order_phones FOR EACH ROW
WHEN (NOT pg_has_role(current_user, 'masking_owner', 'USAGE'))
EXECUTE FUNCTION masking.order_phones_guarded();

CREATE FUNCTION masking.order_blocks_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN masking.order_block_written(NEW);
END
$$;
COMMENT ON FUNCTION masking.order_blocks_written() IS 'Trigger: see masking.order_block_written().';
CREATE TRIGGER written BEFORE INSERT OR UPDATE ON masking.order_blocks
FOR EACH ROW EXECUTE FUNCTION masking.order_blocks_written();

CREATE FUNCTION masking.order_blocks_guarded() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN masking.block_guarded(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.order_blocks_guarded() IS 'Trigger: see masking.block_guarded().';
GRANT EXECUTE ON FUNCTION masking.order_blocks_guarded() TO masking_orders;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON masking.order_blocks FOR EACH ROW
WHEN (NOT pg_has_role(current_user, 'masking_owner', 'USAGE'))
EXECUTE FUNCTION masking.order_blocks_guarded();

CREATE FUNCTION masking.order_blocks_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM masking.order_block_follows(OLD, NEW);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.order_blocks_follow() IS 'Trigger: see masking.order_block_follows().';
CREATE TRIGGER follow AFTER INSERT OR UPDATE OR DELETE ON masking.order_blocks
FOR EACH ROW EXECUTE FUNCTION masking.order_blocks_follow();

CREATE FUNCTION masking.dial_prefixes_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM masking.blocks_follow_all();
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.dial_prefixes_written() IS 'Trigger: see masking.blocks_follow_all().';
CREATE TRIGGER written AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON masking.dial_prefixes
FOR EACH STATEMENT EXECUTE FUNCTION masking.dial_prefixes_written();

CREATE FUNCTION masking.routes_opened() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM masking.keep_or_remove(NEW);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.routes_opened() IS 'Trigger, at commit: see masking.keep_or_remove().';
CREATE CONSTRAINT TRIGGER belongs AFTER INSERT ON masking.routes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NOT NEW.closed AND upper(NEW.live) > now()) EXECUTE FUNCTION masking.routes_opened();

CREATE FUNCTION masking.proxy_numbers_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM masking.proxy_number_removed(OLD);
    RETURN OLD;
  END IF;
  RETURN masking.proxy_number_written(OLD, NEW);
END
$$;
COMMENT ON FUNCTION masking.proxy_numbers_written() IS
  'Trigger: see masking.proxy_number_written() and masking.proxy_number_removed().';
CREATE TRIGGER written BEFORE INSERT OR DELETE OR UPDATE OF number, enabled ON masking.proxy_numbers
FOR EACH ROW EXECUTE FUNCTION masking.proxy_numbers_written();

ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER written;
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER guard;
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER keep;
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER keep_all;
ALTER TABLE masking.order_phones ENABLE ALWAYS TRIGGER written;
ALTER TABLE masking.order_phones ENABLE ALWAYS TRIGGER guard;
ALTER TABLE masking.order_blocks ENABLE ALWAYS TRIGGER written;
ALTER TABLE masking.order_blocks ENABLE ALWAYS TRIGGER guard;
ALTER TABLE masking.order_blocks ENABLE ALWAYS TRIGGER follow;
ALTER TABLE masking.dial_prefixes ENABLE ALWAYS TRIGGER written;
ALTER TABLE masking.routes ENABLE ALWAYS TRIGGER belongs;
ALTER TABLE masking.proxy_numbers ENABLE ALWAYS TRIGGER written;

COMMIT;
