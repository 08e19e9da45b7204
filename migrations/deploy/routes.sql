-- Deploy number-masking:routes to pg
--
-- "Caller C, dialling proxy P, reaches callee E", one row per side of an order
-- and stretch of time. The exclusion constraint is promise 2 itself: whatever
-- any code does, two counterparts for one (caller, proxy) cannot be held at one
-- time. A proxy of NULL stands for every number (the tutorial's mode); as a
-- range without bounds it overlaps each single number, so the constraint also
-- holds between the two modes.
--
-- Some phones have two spellings in E.164 (Mexican and Argentinian mobiles). Both people are kept in the
-- one that masking.person() gives, so what is compared is equal; what is dialled stands beside it,
-- where it is the other.
--
-- What ended at once (an agent swapped, an order cancelled) is closed, whatever its times
-- say: a clock that is set back must not bring it to life again.
--
-- Numbers are bigint: E.164 has at most 15 digits, and an index on integers is
-- half the size and twice as quick to keep. Rows stay as history until retention
-- removes them. The index on (caller, end of live) answers a call however long
-- that history is: only what ends after now is read. The constraint's own index is an
-- expression on caller so that the planner cannot take it for answering, where it is slower.
--
-- A route is named by a random number, not by one that grows: after a logical move
-- sequences begin again, and nothing may take the old names for newer ones.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.person(number bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN number BETWEEN 5210000000000 AND 5219999999999 THEN number - 4690000000000
    WHEN number BETWEEN 5490000000000 AND 5499999999999 THEN number - 4950000000000
    ELSE number
  END
$$;
COMMENT ON FUNCTION masking.person(bigint) IS
  'One number for both E.164 spellings of a phone: +52 1 55… is +52 55…, +54 9 11… is +54 11… (mobiles, as ITU-T E.129 notes for 52 and 54). Any other number is itself. Called where a number comes in: what is stored and compared is the one spelling.';

-- One number of the pool is one in either spelling. See is_proxy().
CREATE UNIQUE INDEX proxy_numbers_by_person ON masking.proxy_numbers (masking.person(e164));

CREATE TABLE masking.routes (
  order_id text COLLATE "C" NOT NULL,
  route_id bigint NOT NULL DEFAULT (random() * 9007199254740991)::bigint,
  caller bigint NOT NULL,
  proxy bigint,
  callee bigint NOT NULL,
  dials bigint,
  live tstzrange NOT NULL,
  held tstzrange NOT NULL,
  closed boolean NOT NULL DEFAULT false,
  blocked boolean NOT NULL DEFAULT false,
  former boolean NOT NULL DEFAULT false,
  side text NOT NULL CHECK (side IN ('customer', 'agent')),
  ended text,
  began timestamptz,
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
-- What is held now, and what retention has still to forget (a hash is negative) ...
CREATE INDEX routes_held ON masking.routes (upper(held)) WHERE caller > 0;
-- ... and what is forgotten and has still to be removed.
CREATE INDEX routes_forgotten ON masking.routes (upper(held)) WHERE caller < 0;

COMMENT ON TABLE masking.routes IS
  'Who reaches whom by dialling which number, when. Written by the functions of this schema only; kept as history.';
COMMENT ON COLUMN masking.routes.order_id IS 'The order this route serves; the order itself may be gone.';
COMMENT ON COLUMN masking.routes.route_id IS 'Names this route, with its order, in calls; random, so it says nothing of time.';
COMMENT ON COLUMN masking.routes.side IS 'Whether the caller is the order''s customer or its agent.';
COMMENT ON COLUMN masking.routes.caller IS
  'Who calls, E.164 digits in the spelling of masking.person(); negative: a keyed hash, the number is forgotten.';
COMMENT ON COLUMN masking.routes.proxy IS 'The number dialled and shown; NULL: whichever was dialled.';
COMMENT ON COLUMN masking.routes.callee IS
  'Who is reached, in the same spelling; negative: a keyed hash, the number is forgotten.';
COMMENT ON COLUMN masking.routes.dials IS
  'The spelling in which the callee is dialled, as the order has it, where that is the other one; NULL: as callee.';
COMMENT ON COLUMN masking.routes.live IS 'The time in which calls are connected.';
COMMENT ON COLUMN masking.routes.held IS
  'live plus the cool-off: the time in which the proxy leads this caller to nobody else.';
COMMENT ON COLUMN masking.routes.closed IS
  'Ended at once: it connects nobody any more, whatever the clock says.';
COMMENT ON COLUMN masking.routes.blocked IS
  'The caller may not call this way: he hears a sentence, and his number reaches nobody else either.';
COMMENT ON COLUMN masking.routes.former IS
  'On a number that the order had until it was replaced: it connects beside the order''s number, for as long as it would have.';
COMMENT ON COLUMN masking.routes.began IS
  'When these two were connected by this order, where that is before live begins: a block, or a number that was replaced, made two routes of one. NULL: when live begins.';
COMMENT ON COLUMN masking.routes.ended IS
  'Why live ends when it does; NULL: the longest life.';

COMMIT;
