-- Deploy number-masking:orders to pg
--
-- What the order system writes: its orders, further phones of the parties, and
-- blocks. It may write what it knows (ids, numbers, times); the proxy number is
-- ours to choose, so its column is not granted. There are no CHECKs, NOT NULLs or
-- foreign keys on what people write beyond what the trigger refuses first:
-- PostgreSQL's own errors show the whole row, numbers and all.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.orders (
  order_id text COLLATE "C" PRIMARY KEY,
  customer_number text,
  agent_number text,
  proxy_number text,
  masking text,
  placed_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  cancelled_at timestamptz,
  customer_code text,
  agent_code text,
  unmasked_since timestamptz,
  unmasked_reason text,
  routed_at timestamptz,
  forgotten_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
-- Whose phone is this: for adding proxy numbers, for explaining, for erasing.
CREATE INDEX orders_of_customer ON masking.orders (customer_number);
CREATE INDEX orders_of_agent ON masking.orders (agent_number) WHERE agent_number IS NOT NULL;
CREATE INDEX orders_unmasked ON masking.orders (unmasked_since, order_id) WHERE unmasked_since IS NOT NULL;
-- What never had a route has no other sign of being over than its age.
CREATE INDEX orders_never_routed ON masking.orders (recorded_at) WHERE routed_at IS NULL AND forgotten_at IS NULL;
-- What retention removes, oldest first.
CREATE INDEX orders_by_age ON masking.orders (recorded_at, order_id);

COMMENT ON TABLE masking.orders IS
  'One delivery per row. The only table the order system must write; routes follow it in the same transaction.';
COMMENT ON COLUMN masking.orders.order_id IS 'The order system''s own id, at most 200 characters.';
COMMENT ON COLUMN masking.orders.customer_number IS 'The customer''s phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.orders.agent_number IS
  'The delivery agent''s phone, stored as E.164 digits; NULL: not assigned.';
COMMENT ON COLUMN masking.orders.proxy_number IS
  'The number both dial and see, chosen on assignment. NULL: see masking.';
COMMENT ON COLUMN masking.orders.masking IS
  'What the parties can do at this moment: masked (dial proxy_number), any number (the pool is empty: any number of yours), waiting (no number is free yet); NULL: nobody is to reach anybody.';
COMMENT ON COLUMN masking.orders.placed_at IS 'When the order was placed.';
COMMENT ON COLUMN masking.orders.completed_at IS
  'When it was delivered; each side is connected for its grace time longer. NULL again: reopened.';
COMMENT ON COLUMN masking.orders.cancelled_at IS
  'When it was called off; both sides are cut off at commit. NULL again: taken back.';
COMMENT ON COLUMN masking.orders.customer_code IS
  'What the customer enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';
COMMENT ON COLUMN masking.orders.agent_code IS
  'What the agent enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';
COMMENT ON COLUMN masking.orders.unmasked_since IS
  'Since when the order waits for a proxy number; NULL: it does not.';
COMMENT ON COLUMN masking.orders.unmasked_reason IS
  'Why it waits: none free, no number serves them, people busy (another transaction was routing the same people).';
COMMENT ON COLUMN masking.orders.routed_at IS
  'When it was first routed; NULL: never.';
COMMENT ON COLUMN masking.orders.forgotten_at IS
  'When its phone numbers were replaced by keyed hashes; NULL: they are still there.';
COMMENT ON COLUMN masking.orders.recorded_at IS
  'When the row was made; what was placed long ago may have been imported today.';

GRANT SELECT, DELETE,
  INSERT (order_id, customer_number, agent_number, placed_at, completed_at, cancelled_at),
  UPDATE (customer_number, agent_number, completed_at, cancelled_at)
ON masking.orders TO masking_orders;

CREATE TABLE masking.order_phones (
  order_id text COLLATE "C",
  side text,
  number text,
  routed_since timestamptz,
  PRIMARY KEY (order_id, side, number)
);
CREATE INDEX order_phones_by_number ON masking.order_phones (number);
COMMENT ON TABLE masking.order_phones IS
  'Further phones of a party to an order. The order system inserts and deletes rows, at any time; they go with the order.';
COMMENT ON COLUMN masking.order_phones.order_id IS 'The order.';
COMMENT ON COLUMN masking.order_phones.side IS 'Whose phone it is: the customer''s or the agent''s.';
COMMENT ON COLUMN masking.order_phones.number IS 'The phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.order_phones.routed_since IS
  'Since when it reaches the other party; NULL: it does not, as nobody is there yet, it is taken on the order''s number, or it has become a proxy number.';
GRANT SELECT, DELETE, INSERT (order_id, side, number) ON masking.order_phones TO masking_orders;

COMMIT;
