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

COMMIT;
