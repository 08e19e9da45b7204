-- Deploy number-masking:pool to pg
--
-- The pool. Empty, it means the tutorial's mode: routes match whatever number
-- was dialled, and that number is what the callee sees.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.proxy_numbers (
  number text PRIMARY KEY,
  prefix text NOT NULL DEFAULT '' CHECK (prefix ~ '^[0-9]{0,15}$'),
  enabled boolean NOT NULL DEFAULT true,
  language text COLLATE "C" NOT NULL DEFAULT 'en-US' CHECK (language ~ '^[a-z]{2,3}-[A-Z]{2}$'),
  e164 bigint NOT NULL GENERATED ALWAYS AS (number::bigint) STORED UNIQUE
);
COMMENT ON TABLE masking.proxy_numbers IS
  'The pool of Plivo numbers that people dial and see. No row at all: routes match any dialled number.';
COMMENT ON COLUMN masking.proxy_numbers.number IS 'The number, stored as E.164 digits.';
COMMENT ON COLUMN masking.proxy_numbers.prefix IS
  'Serves people whose numbers begin with these digits; empty: everyone.';
COMMENT ON COLUMN masking.proxy_numbers.enabled IS
  'False: given to no new pair; routes that are live stay so.';
COMMENT ON COLUMN masking.proxy_numbers.language IS
  'Which of masking.prompts callers of this number hear.';
COMMENT ON COLUMN masking.proxy_numbers.e164 IS 'The number as routes keep it.';

-- How many counterparts somebody held when an order was routed is the most that a
-- number of the pool was needed for then. Kept by the hour, so that "how many numbers
-- does this take" reads a few rows however many orders there are.
CREATE TABLE masking.pool_peaks (
  prefix text,
  side text CHECK (side IN ('customer', 'agent')),
  hour timestamptz,
  counterparts integer NOT NULL,
  PRIMARY KEY (prefix, side, hour)
);
COMMENT ON TABLE masking.pool_peaks IS
  'Per prefix of the pool, side and hour: the most counterparts one person held, waiting orders included. Kept for two cool-offs.';
COMMENT ON COLUMN masking.pool_peaks.prefix IS 'The prefix of the pool.';
COMMENT ON COLUMN masking.pool_peaks.side IS 'As what that person held them: as customer or as agent.';
COMMENT ON COLUMN masking.pool_peaks.hour IS 'The hour in which it was noticed.';
COMMENT ON COLUMN masking.pool_peaks.counterparts IS 'The most counterparts.';

-- A number is lost at Plivo, and orders show it. What is done about it, and how far that has come.
CREATE TABLE masking.replacements (
  number bigint PRIMARY KEY,
  began_at timestamptz NOT NULL,
  who text COLLATE "C" NOT NULL,
  stopped boolean NOT NULL DEFAULT false,
  moved integer NOT NULL DEFAULT 0,
  waiting integer NOT NULL DEFAULT 0,
  remaining integer NOT NULL DEFAULT 0,
  finished_at timestamptz,
  looked_at timestamptz,
  settles_at xid8,
  reached_id text COLLATE "C"
);
COMMENT ON TABLE masking.replacements IS
  'Numbers of the pool that are being replaced, or were. Written by masking.replace_number() and the servers; an owner may set stopped. A row goes with its number.';
COMMENT ON COLUMN masking.replacements.number IS 'The proxy number.';
COMMENT ON COLUMN masking.replacements.began_at IS 'When replace_number() was last asked.';
COMMENT ON COLUMN masking.replacements.who IS 'By which role that logged in.';
COMMENT ON COLUMN masking.replacements.stopped IS
  'True: no further order is moved, and the number is one that is disabled; set by an owner, or by enabling the number again.';
COMMENT ON COLUMN masking.replacements.moved IS 'Orders that got another number; those that waited for it first are not counted.';
COMMENT ON COLUMN masking.replacements.waiting IS 'Orders that found none free, and wait for one still.';
COMMENT ON COLUMN masking.replacements.remaining IS 'Live orders still to be moved, of those found so far.';
COMMENT ON COLUMN masking.replacements.finished_at IS 'When no order was left on it, and none waited; NULL: the servers are at it, or it is stopped.';
COMMENT ON COLUMN masking.replacements.looked_at IS 'When its live orders were last looked for.';
COMMENT ON COLUMN masking.replacements.settles_at IS
  'The oldest transaction that cannot have chosen the number: the last look is made when none before it is running.';
COMMENT ON COLUMN masking.replacements.reached_id IS 'The order tried last; NULL: begin with the first.';

CREATE TABLE masking.replacement_orders (
  number bigint,
  order_id text COLLATE "C",
  PRIMARY KEY (number, order_id)
);
COMMENT ON TABLE masking.replacement_orders IS 'Live orders that are to be moved off a number; a row goes as soon as its order is.';
COMMENT ON COLUMN masking.replacement_orders.number IS 'The number that is being replaced.';
COMMENT ON COLUMN masking.replacement_orders.order_id IS 'The order.';

-- When a number was called last cannot be asked of the calls: no index of theirs is by number, as it would cost each answer
-- more than it is worth. So the servers read each minute's calls once.
CREATE TABLE masking.last_calls (
  number bigint PRIMARY KEY,
  enabled_at timestamptz,
  called_at timestamptz
);
COMMENT ON TABLE masking.last_calls IS
  'When each number of the pool was called or written to last, as far as the servers have looked: a minute ago at most. Written by masking.note_last_calls(); a row goes with its number.';
COMMENT ON COLUMN masking.last_calls.number IS 'The proxy number.';
COMMENT ON COLUMN masking.last_calls.enabled_at IS 'When the servers first saw it enabled, since it was disabled; NULL: it is disabled.';
COMMENT ON COLUMN masking.last_calls.called_at IS 'When the last call to it, or text, came; NULL: none was seen. Calls that we placed do not count.';

COMMIT;
