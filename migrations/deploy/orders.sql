-- Deploy number-masking:orders to pg
--
-- The order system's one table. It may write what it knows (ids, numbers,
-- times); the proxy number is ours to choose, so its column is not granted.
-- There are no CHECKs or NOT NULLs on numbers beyond what the trigger refuses
-- first: PostgreSQL's own errors show the whole row, numbers and all.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.orders (
  order_id text COLLATE "C" PRIMARY KEY,
  customer_number text NOT NULL,
  agent_number text,
  proxy_number text,
  placed_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  cancelled_at timestamptz,
  unmasked_since timestamptz,
  forgotten_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_unmasked ON masking.orders (unmasked_since) WHERE unmasked_since IS NOT NULL;
-- What retention has still to forget, oldest first.
CREATE INDEX orders_remembered ON masking.orders (recorded_at) WHERE forgotten_at IS NULL;

COMMENT ON TABLE masking.orders IS
  'One delivery per row. The only table the order system writes; routes follow it in the same transaction.';
COMMENT ON COLUMN masking.orders.order_id IS 'The order system''s own id, at most 200 characters.';
COMMENT ON COLUMN masking.orders.customer_number IS 'The customer''s phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.orders.agent_number IS
  'The delivery agent''s phone, stored as E.164 digits; NULL: not assigned.';
COMMENT ON COLUMN masking.orders.proxy_number IS
  'The number both dial and see, chosen on assignment. NULL: none free, not assigned, or the pool is empty.';
COMMENT ON COLUMN masking.orders.placed_at IS 'When the order was placed.';
COMMENT ON COLUMN masking.orders.completed_at IS
  'When it was delivered; each side is connected for its grace time longer. NULL again: reopened.';
COMMENT ON COLUMN masking.orders.cancelled_at IS
  'When it was called off; both sides are cut off at commit. NULL again: taken back.';
COMMENT ON COLUMN masking.orders.unmasked_since IS
  'Since when the order waits for a proxy number; NULL: it does not.';
COMMENT ON COLUMN masking.orders.forgotten_at IS
  'When its phone numbers were replaced by keyed hashes; NULL: they are still there.';
COMMENT ON COLUMN masking.orders.recorded_at IS
  'When the row was made; what was placed long ago may have been imported today.';

-- Neither fires what keeps routes in step: both would leave people connected.
CREATE TRIGGER keep BEFORE UPDATE OF order_id ON masking.orders FOR EACH ROW
WHEN (OLD.order_id IS DISTINCT FROM NEW.order_id)
EXECUTE FUNCTION masking.refuse_change('Delete the order and place it under its new id.');
CREATE TRIGGER keep_all BEFORE TRUNCATE ON masking.orders
EXECUTE FUNCTION masking.refuse_change('DELETE cuts off the people on the orders.');

GRANT SELECT, DELETE,
  INSERT (order_id, customer_number, agent_number, placed_at, completed_at, cancelled_at),
  UPDATE (customer_number, agent_number, completed_at, cancelled_at)
ON masking.orders TO masking_orders;

COMMIT;
