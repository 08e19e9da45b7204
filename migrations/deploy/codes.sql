-- Deploy number-masking:codes to pg
--
-- A code stands for a phone we do not know: who enters it is connected as that
-- party of that order. It is made with the order, in the same transaction, and
-- handed out by RETURNING customer_code, agent_code.
--
-- Two live codes alike on one number would connect the wrong people, so a
-- constraint forbids them, as for routes. A proxy of NULL stands for every
-- number: the empty pool, and orders that found no number free.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.codes (
  order_id text COLLATE "C" NOT NULL,
  code_id bigint NOT NULL DEFAULT (random() * 9007199254740991)::bigint,
  side text NOT NULL CHECK (side IN ('customer', 'agent')),
  code text COLLATE "C" NOT NULL CHECK (code ~ '^[0-9]{5,15}$'),
  proxy bigint,
  live tstzrange NOT NULL,
  closed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (order_id, code_id),
  CONSTRAINT one_meaning EXCLUDE USING gist (
    code WITH =,
    int8range(proxy, proxy, '[]') WITH &&,
    live WITH &&)
);
CREATE INDEX codes_by_end ON masking.codes (upper(live));
CREATE INDEX codes_on_number ON masking.codes (proxy, length(code), upper(live));
COMMENT ON TABLE masking.codes IS
  'Which code, entered on which number, stands for which party of an order, when. Written by triggers on orders only.';
COMMENT ON COLUMN masking.codes.order_id IS 'The order.';
COMMENT ON COLUMN masking.codes.code_id IS 'Names the row, with its order; random.';
COMMENT ON COLUMN masking.codes.side IS 'As whom its holder is connected: as the order''s customer or its agent.';
COMMENT ON COLUMN masking.codes.code IS 'The digits to enter.';
COMMENT ON COLUMN masking.codes.proxy IS 'The number dialled; NULL: whichever was dialled.';
COMMENT ON COLUMN masking.codes.live IS 'The time in which it is accepted.';
COMMENT ON COLUMN masking.codes.closed IS 'Ended at once: it is not accepted any more, whatever the clock says.';

CREATE TABLE masking.code_failures (
  call_uuid text COLLATE "C",
  attempt integer,
  caller bigint,
  proxy bigint NOT NULL,
  failed_at timestamptz NOT NULL,
  PRIMARY KEY (call_uuid, attempt)
);
CREATE INDEX code_failures_of_caller ON masking.code_failures (caller, failed_at);
CREATE INDEX code_failures_on_number ON masking.code_failures (proxy, failed_at);
CREATE INDEX code_failures_by_time ON masking.code_failures (failed_at);
COMMENT ON TABLE masking.code_failures IS 'Wrong codes of the last day: who entered one, where. Not which.';
COMMENT ON COLUMN masking.code_failures.call_uuid IS 'The call.';
COMMENT ON COLUMN masking.code_failures.attempt IS 'Which attempt of that call, from 1; told again by Plivo it counts once.';
COMMENT ON COLUMN masking.code_failures.caller IS 'Who called, E.164 digits; NULL: somebody who hides his number.';
COMMENT ON COLUMN masking.code_failures.proxy IS 'The number dialled.';
COMMENT ON COLUMN masking.code_failures.failed_at IS 'When.';

COMMIT;
