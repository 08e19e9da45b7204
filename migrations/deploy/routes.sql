-- Deploy number-masking:routes to pg
--
-- "Caller C, dialling proxy P, reaches callee E", one row per side of an order
-- and stretch of time. The exclusion constraint is promise 2 itself: whatever
-- any code does, two counterparts for one (caller, proxy) cannot be held at one
-- time. A proxy of NULL stands for every number (the tutorial's mode); as a
-- range without bounds it overlaps each single number, so the constraint also
-- holds between the two modes.
--
-- Numbers are bigint: E.164 has at most 15 digits, and an index on integers is
-- half the size and twice as quick to keep. Rows stay as history. The index on
-- (caller, end of live) answers a call however long that history is: only what
-- ends after now is read. The constraint's own index is an expression on caller
-- so that the planner cannot take it for answering, where it is slower.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.routes (
  order_id text COLLATE "C" NOT NULL,
  route_id bigint GENERATED ALWAYS AS IDENTITY,
  side text NOT NULL CHECK (side IN ('customer', 'agent')),
  caller bigint NOT NULL,
  proxy bigint,
  callee bigint NOT NULL,
  live tstzrange NOT NULL,
  held tstzrange NOT NULL,
  ended text,
  PRIMARY KEY (order_id, route_id),
  CONSTRAINT never_oneself CHECK (caller <> callee),
  CONSTRAINT held_while_live CHECK (held @> live),
  CONSTRAINT one_counterpart EXCLUDE USING gist (
    (caller + 0) WITH =,
    int8range(proxy, proxy, '[]') WITH &&,
    callee WITH <>,
    held WITH &&) WHERE (caller > 0)
);
CREATE INDEX routes_of_caller ON masking.routes (caller, upper(live));
-- What is held now, and what retention has still to forget (a hash is negative).
CREATE INDEX routes_held ON masking.routes (upper(held)) WHERE caller > 0;

COMMENT ON TABLE masking.routes IS
  'Who reaches whom by dialling which number, when. Written by the orders trigger only; kept as history.';
COMMENT ON COLUMN masking.routes.order_id IS 'The order this route serves; the order itself may be gone.';
COMMENT ON COLUMN masking.routes.route_id IS 'Names this route in calls; a later route has a greater one.';
COMMENT ON COLUMN masking.routes.side IS 'Whether the caller is the order''s customer or its agent.';
COMMENT ON COLUMN masking.routes.caller IS
  'Who calls, E.164 digits; negative: a keyed hash, the number is forgotten.';
COMMENT ON COLUMN masking.routes.proxy IS 'The number dialled and shown; NULL: whichever was dialled.';
COMMENT ON COLUMN masking.routes.callee IS
  'Who is reached, E.164 digits; negative: a keyed hash, the number is forgotten.';
COMMENT ON COLUMN masking.routes.live IS 'The time in which calls are connected.';
COMMENT ON COLUMN masking.routes.held IS
  'live plus the cool-off: the time in which the proxy leads this caller to nobody else.';
COMMENT ON COLUMN masking.routes.ended IS
  'Why live ends when it does; NULL: the longest life.';

COMMIT;
