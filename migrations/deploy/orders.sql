-- Deploy number-masking:orders to pg
--
-- What the order system writes: its orders, further phones of the parties, and
-- blocks. It may write what it knows (ids, numbers, times); the proxy number is
-- ours to choose, and what would change it is refused. There are no CHECKs, NOT NULLs or
-- foreign keys on what people write beyond what the trigger refuses first:
-- PostgreSQL's own errors show the whole row, numbers and all.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.orders (
  order_id text COLLATE "C" PRIMARY KEY,
  customer_number text,
  agent_number text,
  customer bigint,
  agent bigint,
  proxy_number text,
  masking text,
  placed_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  cancelled_at timestamptz,
  spoken text,
  revision bigint,
  customer_code text,
  agent_code text,
  unmasked_since timestamptz,
  unmasked_reason text,
  customer_refused text,
  customer_refused_digits text,
  agent_refused text,
  agent_refused_digits text,
  routed_at timestamptz,
  forgotten_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
-- Whose phone is this: for adding proxy numbers, for explaining, for erasing.
CREATE INDEX orders_of_customer ON masking.orders (customer);
CREATE INDEX orders_of_agent ON masking.orders (agent) WHERE agent IS NOT NULL;
CREATE INDEX orders_unmasked ON masking.orders (unmasked_since, order_id) WHERE unmasked_since IS NOT NULL;
CREATE INDEX orders_refused ON masking.orders (recorded_at) WHERE customer_refused IS NOT NULL OR agent_refused IS NOT NULL;
-- What never had a route has no other sign of being over than its age.
CREATE INDEX orders_never_routed ON masking.orders (recorded_at) WHERE routed_at IS NULL AND forgotten_at IS NULL;
-- What retention removes, oldest first.
CREATE INDEX orders_by_age ON masking.orders (recorded_at, order_id);

COMMENT ON TABLE masking.orders IS
  'One delivery per row. The only table the order system must write; routes follow it in the same transaction.';
COMMENT ON COLUMN masking.orders.order_id IS
  'The order system''s own id, at most 200 characters, all of which one sees; never used again for another order.';
COMMENT ON COLUMN masking.orders.customer_number IS 'The customer''s phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.orders.agent_number IS
  'The delivery agent''s phone, stored as E.164 digits; NULL: not assigned.';
COMMENT ON COLUMN masking.orders.customer IS
  'The customer, in the spelling of masking.person(), for finding a person''s orders; negative: a keyed hash.';
COMMENT ON COLUMN masking.orders.agent IS 'The same of the agent.';
COMMENT ON COLUMN masking.orders.proxy_number IS
  'The number both dial and see, chosen on assignment. NULL: see masking.';
COMMENT ON COLUMN masking.orders.masking IS
  'What the parties can do at this moment: masked (dial proxy_number), any number (the pool is empty: any number of yours), waiting (no number is free yet), refused (a number of theirs was not taken, see unmasked_orders); NULL: nobody is to reach anybody.';
COMMENT ON COLUMN masking.orders.placed_at IS 'When the order was placed.';
COMMENT ON COLUMN masking.orders.completed_at IS
  'When it was delivered; each side is connected for its grace time longer. NULL again: reopened.';
COMMENT ON COLUMN masking.orders.cancelled_at IS
  'When it was called off; both sides are cut off at commit. NULL again: taken back.';
COMMENT ON COLUMN masking.orders.spoken IS
  'What the order is called where people hear it named, 1 to 20 letters and digits, read out one by one; NULL: nothing names it.';
COMMENT ON COLUMN masking.orders.revision IS
  'For programs that save whole rows. Begins at a random number, and rises by one with each write of the order. Write NULL (not compared), the value that was read, or that plus one; anything else is refused (MK013).';
COMMENT ON COLUMN masking.orders.customer_code IS
  'What the customer enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';
COMMENT ON COLUMN masking.orders.agent_code IS
  'What the agent enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';
COMMENT ON COLUMN masking.orders.unmasked_since IS
  'Since when the order waits for a proxy number; NULL: it does not.';
COMMENT ON COLUMN masking.orders.unmasked_reason IS
  'Why it waits, as in reasons: none free, no number serves them, people busy (another transaction was routing the same people).';
COMMENT ON COLUMN masking.orders.customer_refused IS
  'Why the customer''s number was not taken, as in reasons; by the setting bad_numbers. NULL: it was, or another one since.';
COMMENT ON COLUMN masking.orders.customer_refused_digits IS 'The last two digits of that number.';
COMMENT ON COLUMN masking.orders.agent_refused IS
  'Why the agent''s number was not taken, as in reasons; by the setting bad_numbers. NULL: it was, another one since, or there is none.';
COMMENT ON COLUMN masking.orders.agent_refused_digits IS 'The last two digits of that number.';
COMMENT ON COLUMN masking.orders.routed_at IS
  'When it was first routed; NULL: never.';
COMMENT ON COLUMN masking.orders.forgotten_at IS
  'When its phone numbers were replaced by keyed hashes; NULL: they are still there.';
COMMENT ON COLUMN masking.orders.recorded_at IS
  'When the row was made; what was placed long ago may have been imported today.';

-- The whole table: what is not the order system's to change is kept by the trigger "guard", which
-- lets pass what ORMs write (a column with the value it has) and names the column else.
GRANT SELECT, INSERT, UPDATE, DELETE ON masking.orders TO masking_orders;

CREATE TABLE masking.order_phones (
  order_id text COLLATE "C",
  side text,
  number text,
  phone bigint,
  routed_since timestamptz,
  PRIMARY KEY (order_id, side, number)
);
CREATE INDEX order_phones_by_phone ON masking.order_phones (phone);
COMMENT ON TABLE masking.order_phones IS
  'Further phones of a party to an order. The order system inserts and deletes rows, at any time; they go with the order.';
COMMENT ON COLUMN masking.order_phones.order_id IS 'The order.';
COMMENT ON COLUMN masking.order_phones.side IS 'Whose phone it is: the customer''s or the agent''s.';
COMMENT ON COLUMN masking.order_phones.number IS 'The phone, stored as E.164 digits.';
COMMENT ON COLUMN masking.order_phones.phone IS 'The same in the spelling of masking.person().';
COMMENT ON COLUMN masking.order_phones.routed_since IS
  'Since when it reaches the other party; NULL: it does not, as nobody is there yet, it is taken on the order''s number, or it has become a proxy number.';
GRANT SELECT, INSERT, UPDATE, DELETE ON masking.order_phones TO masking_orders;

-- A block is no end: routes keep their proxy number, so nobody else is reached on it, and the order
-- stays masked. Who is blocked hears so.
CREATE TABLE masking.order_blocks (
  order_id text COLLATE "C",
  side text,
  reason text,
  blocked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, side)
);
COMMENT ON TABLE masking.order_blocks IS
  'Whose calls and texts about an order are stopped, from commit on. The order system inserts and deletes rows; they go with the order.';
COMMENT ON COLUMN masking.order_blocks.order_id IS 'The order.';
COMMENT ON COLUMN masking.order_blocks.side IS
  'Who may not call or write any more: customer, agent, or both.';
COMMENT ON COLUMN masking.order_blocks.reason IS 'Why, for people; at most 200 characters.';
COMMENT ON COLUMN masking.order_blocks.blocked_at IS 'Since when.';
GRANT SELECT, INSERT, UPDATE, DELETE ON masking.order_blocks TO masking_orders;

CREATE TABLE masking.blocked_people (
  person bigint PRIMARY KEY,
  digits text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('from', 'to', 'both')),
  reason text,
  blocked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE masking.blocked_people IS
  'People who are blocked on every order. Written by masking.block_person() and unblock_person(), for the owner.';
COMMENT ON COLUMN masking.blocked_people.person IS 'A keyed hash of the phone, the same for both spellings of it.';
COMMENT ON COLUMN masking.blocked_people.digits IS 'Two digits of it.';
COMMENT ON COLUMN masking.blocked_people.direction IS
  'from: he calls and writes nobody; to: nobody calls or writes him; both.';
COMMENT ON COLUMN masking.blocked_people.reason IS 'Why, for people.';
COMMENT ON COLUMN masking.blocked_people.blocked_at IS 'Since when.';

-- Before anybody's block: what a transaction that began earlier cannot lock, it cannot have seen.
CREATE TABLE masking.rule_version (
  version bigint PRIMARY KEY
);
COMMENT ON TABLE masking.rule_version IS
  'One row, changed with every block of a person, prefix and number of the pool. See masking.keep_rules().';
COMMENT ON COLUMN masking.rule_version.version IS 'How often anything was changed.';
INSERT INTO masking.rule_version VALUES (0);

CREATE TABLE masking.block_log (
  logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who text COLLATE "C" NOT NULL DEFAULT session_user,
  did text NOT NULL CHECK (did IN ('blocked', 'unblocked')),
  order_id text COLLATE "C",
  side text,
  person bigint,
  digits text,
  reason text,
  log_id bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (logged_at, log_id)
);
-- Who blocked this, and why?
CREATE INDEX block_log_of_order ON masking.block_log (order_id, logged_at) WHERE order_id IS NOT NULL;
CREATE INDEX block_log_of_person ON masking.block_log (person, logged_at) WHERE person IS NOT NULL;
COMMENT ON TABLE masking.block_log IS 'Who blocked and unblocked what, and when. Kept for 400 days.';
COMMENT ON COLUMN masking.block_log.logged_at IS 'When.';
COMMENT ON COLUMN masking.block_log.who IS 'The role that logged in.';
COMMENT ON COLUMN masking.block_log.did IS 'What was done.';
COMMENT ON COLUMN masking.block_log.order_id IS 'The order; NULL: a person, on every order.';
COMMENT ON COLUMN masking.block_log.side IS 'Of an order: whose calls. Of a person: from, to or both.';
COMMENT ON COLUMN masking.block_log.person IS 'The person, as in blocked_people.';
COMMENT ON COLUMN masking.block_log.digits IS 'Two digits of the person''s phone.';
COMMENT ON COLUMN masking.block_log.reason IS 'Why.';
COMMENT ON COLUMN masking.block_log.log_id IS 'With logged_at the primary key, which a publication needs.';

-- The longest prefix that fits decides.
CREATE TABLE masking.dial_prefixes (
  prefix text PRIMARY KEY CHECK (prefix ~ '^[1-9][0-9]{0,14}$'),
  allowed boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE masking.dial_prefixes IS
  'Which numbers may be rung: those of customers and agents must begin with one of these. No row that allows: all.';
COMMENT ON COLUMN masking.dial_prefixes.prefix IS 'The digits that a number begins with, country code first.';
COMMENT ON COLUMN masking.dial_prefixes.allowed IS
  'Whether such numbers may be rung; the longest prefix that fits decides, so 44 may be and 449 not.';

COMMIT;
