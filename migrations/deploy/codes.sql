-- Deploy number-masking:codes to pg
--
-- A code stands for a phone we do not know: who enters it is connected as that
-- party of that order. It is made with the order, in the same transaction, and
-- handed out by RETURNING customer_code, agent_code.
--
-- Guessing must not pay. A call has three tries, and a code of L digits is made
-- only while fewer than one in 30,000 of all texts of L digits is a code on that
-- number: so three guesses of that length hit one with less than 1 in 10,000, and
-- where many orders share a number codes get longer by themselves. The wrong
-- guesses of a caller are counted across calls and numbers; five within an hour
-- end it for that caller.
--
-- Two live codes alike on one number would connect the wrong people, so a
-- constraint forbids them, as for routes. A proxy of NULL stands for every
-- number: the empty pool, and orders that found no number free.

BEGIN;
SET LOCAL ROLE masking_owner;

INSERT INTO masking.settings (name, value, unit, meaning) VALUES
  ('codes', 0, '0 or 1', '1: orders get codes, and callers whose phone is not known are asked for one; counts for orders written after it, see masking.issue_codes()');

CREATE TABLE masking.codes (
  order_id text COLLATE "C" NOT NULL,
  code_id bigint GENERATED ALWAYS AS IDENTITY,
  side text NOT NULL CHECK (side IN ('customer', 'agent')),
  code text COLLATE "C" NOT NULL CHECK (code ~ '^[0-9]{5,15}$'),
  proxy bigint,
  live tstzrange NOT NULL,
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
COMMENT ON COLUMN masking.codes.code_id IS 'Names the row.';
COMMENT ON COLUMN masking.codes.side IS 'As whom its holder is connected: as the order''s customer or its agent.';
COMMENT ON COLUMN masking.codes.code IS 'The digits to enter.';
COMMENT ON COLUMN masking.codes.proxy IS 'The number dialled; NULL: whichever was dialled.';
COMMENT ON COLUMN masking.codes.live IS 'The time in which it is accepted.';

ALTER TABLE masking.orders
  ADD COLUMN customer_code text,
  ADD COLUMN agent_code text;
COMMENT ON COLUMN masking.orders.customer_code IS
  'What the customer enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';
COMMENT ON COLUMN masking.orders.agent_code IS
  'What the agent enters when calling from a phone we do not know; NULL: codes are off, or nobody to reach.';

CREATE TABLE masking.code_failures (
  call_uuid text COLLATE "C",
  attempt integer,
  caller bigint NOT NULL,
  proxy bigint NOT NULL,
  failed_at timestamptz NOT NULL,
  PRIMARY KEY (call_uuid, attempt)
);
CREATE INDEX code_failures_of_caller ON masking.code_failures (caller, failed_at);
CREATE INDEX code_failures_by_time ON masking.code_failures (failed_at);
COMMENT ON TABLE masking.code_failures IS 'Wrong codes of the last day: who entered one, where. Not which.';
COMMENT ON COLUMN masking.code_failures.call_uuid IS 'The call.';
COMMENT ON COLUMN masking.code_failures.attempt IS 'Its how manieth try; told again by Plivo it counts once.';
COMMENT ON COLUMN masking.code_failures.caller IS 'Who called, E.164 digits.';
COMMENT ON COLUMN masking.code_failures.proxy IS 'The number dialled.';
COMMENT ON COLUMN masking.code_failures.failed_at IS 'When.';

CREATE VIEW masking.guessing AS
SELECT f.proxy, count(*) AS failures, count(DISTINCT f.caller) AS callers
FROM masking.code_failures f
WHERE f.failed_at > now() - interval '1 hour'
GROUP BY f.proxy;
COMMENT ON VIEW masking.guessing IS
  'Wrong codes of the last hour by number: many from many callers is somebody who forges caller ids.';
COMMENT ON COLUMN masking.guessing.proxy IS 'The number dialled.';
COMMENT ON COLUMN masking.guessing.failures IS 'How many wrong codes were entered on it.';
COMMENT ON COLUMN masking.guessing.callers IS 'By how many callers.';

CREATE FUNCTION masking.codes_are_on() RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT s.value = 1 FROM masking.settings s WHERE s.name = 'codes');
END
$$;
COMMENT ON FUNCTION masking.codes_are_on() IS 'The setting.';

-- The shortest length of which there are few enough, counting no further than
-- decides it. A code for every number adds to all of them, so all count.
CREATE FUNCTION masking.code_length(on_proxy bigint, at timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
DECLARE
  most bigint;
  alive bigint;
BEGIN
  FOR digits IN 5..14 LOOP
    most := (10::bigint ^ digits - 1)::bigint / 30000;
    IF on_proxy IS NULL THEN
      SELECT count(*) INTO alive FROM (
        SELECT FROM masking.codes c WHERE length(c.code) = digits AND upper(c.live) > at LIMIT most) few;
    ELSE
      -- Two questions, not one with OR: that could not use an index.
      SELECT count(*) INTO alive FROM (
        SELECT FROM masking.codes c
        WHERE c.proxy = on_proxy AND length(c.code) = digits AND upper(c.live) > at
        UNION ALL
        SELECT FROM masking.codes c
        WHERE c.proxy IS NULL AND length(c.code) = digits AND upper(c.live) > at
        LIMIT most) few;
    END IF;
    IF alive < most THEN
      RETURN digits;
    END IF;
  END LOOP;
  RETURN 15;
END
$$;
COMMENT ON FUNCTION masking.code_length(bigint, timestamptz) IS
  'How many digits the next code on a number has.';

-- From the operating system's random numbers, 48 bits of them.
CREATE FUNCTION masking.random_digits(many integer) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT right(lpad((('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint)::text, 15, '0'), many)
$$;
COMMENT ON FUNCTION masking.random_digits(integer) IS 'So many digits nobody can foresee, 14 at most of them evenly spread.';

CREATE FUNCTION masking.issue_code(
  the_order text, the_side text, on_proxy bigint, at timestamptz, until timestamptz, wish text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  candidate text := wish;
BEGIN
  LOOP
    candidate := coalesce(candidate, masking.random_digits(masking.code_length(on_proxy, at)));
    INSERT INTO masking.codes (order_id, side, code, proxy, live)
    VALUES (the_order, the_side, candidate, on_proxy, tstzrange(at, until))
    ON CONFLICT ON CONSTRAINT one_meaning DO NOTHING;
    EXIT WHEN FOUND;
    candidate := NULL;
  END LOOP;
  RETURN candidate;
END
$$;
COMMENT ON FUNCTION masking.issue_code(text, text, bigint, timestamptz, timestamptz, text) IS
  'A new row in codes: with the code wished for if it is free on that number, else with another.';

-- A code lasts as long as the route of its side, or while the order waits for a
-- number as long as one would: what expired stays so, whatever is written. A new
-- number keeps the digits if they are free there. A new person gets new ones.
CREATE FUNCTION masking.kept_code(
  o masking.orders, the_side text, same_person boolean, at timestamptz) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  had masking.codes;
  until timestamptz;
  on_proxy bigint := o.proxy_number::bigint;
BEGIN
  SELECT c.* INTO had FROM masking.codes c
  WHERE c.order_id = o.order_id AND c.side = the_side AND upper(c.live) > at;
  until := masking.live_until(o, the_side, coalesce(lower(had.live), at));
  IF o.forgotten_at IS NOT NULL OR NOT masking.codes_are_on() THEN
    until := at;
  ELSIF had.code IS NULL AND o.unmasked_since IS NULL THEN
    until := least(until, coalesce((
      SELECT max(upper(r.live)) FROM masking.routes r
      WHERE r.order_id = o.order_id AND r.side = the_side AND upper(r.live) > at), at));
  END IF;
  IF had.code IS NOT NULL AND same_person AND had.proxy IS NOT DISTINCT FROM on_proxy
    AND until > at AND until <= upper(had.live)
  THEN
    UPDATE masking.codes c SET live = tstzrange(lower(c.live), until)
    WHERE c.order_id = o.order_id AND c.code_id = had.code_id AND upper(c.live) <> until;
    RETURN had.code;
  END IF;
  UPDATE masking.codes c
  SET live = tstzrange(lower(c.live), greatest(at, lower(c.live) + interval '1 microsecond'))
  WHERE c.order_id = o.order_id AND c.code_id = had.code_id;
  IF until <= at THEN
    RETURN NULL;
  END IF;
  RETURN masking.issue_code(o.order_id, the_side, on_proxy,
    greatest(at, lower(had.live) + interval '1 microsecond'), until,
    CASE WHEN same_person THEN had.code END);
END
$$;
COMMENT ON FUNCTION masking.kept_code(masking.orders, text, boolean, timestamptz) IS
  'The code of one side of an order as it is now, its rows in codes brought in step; NULL: it has none.';

CREATE FUNCTION masking.orders_codes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  at timestamptz := clock_timestamp();
BEGIN
  IF NOT masking.codes_are_on()
    AND (TG_OP = 'INSERT' OR num_nonnulls(OLD.customer_code, OLD.agent_code) = 0)
  THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    OLD.cancelled_at := at;
    PERFORM masking.kept_code(OLD, s.side, true, at) FROM (VALUES ('customer'), ('agent')) AS s (side);
    RETURN OLD;
  END IF;
  -- As in masking.orders_route(): an INSERT that turns out to be an UPDATE.
  IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM masking.orders o WHERE o.order_id = NEW.order_id) THEN
    RETURN NEW;
  END IF;
  NEW.customer_code := masking.kept_code(NEW, 'customer',
    TG_OP = 'UPDATE' AND OLD.customer_number = NEW.customer_number, at);
  NEW.agent_code := masking.kept_code(NEW, 'agent',
    TG_OP = 'UPDATE' AND OLD.agent_number IS NOT DISTINCT FROM NEW.agent_number, at);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.orders_codes() IS
  'Trigger, after the one that routes (triggers fire by name): gives an order its codes. Does nothing while codes are off and the order has none.';

CREATE TRIGGER then_codes
BEFORE INSERT OR UPDATE OF customer_number, agent_number, proxy_number, placed_at, completed_at,
  cancelled_at, forgotten_at
ON masking.orders FOR EACH ROW EXECUTE FUNCTION masking.orders_codes();
CREATE TRIGGER then_no_codes
BEFORE DELETE ON masking.orders FOR EACH ROW EXECUTE FUNCTION masking.orders_codes();

CREATE FUNCTION masking.issue_codes() RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  WITH issued AS (
    UPDATE masking.orders o SET proxy_number = o.proxy_number
    WHERE o.customer_code IS NULL AND o.forgotten_at IS NULL
      AND greatest(masking.live_until(o, 'customer', o.placed_at), masking.live_until(o, 'agent', o.placed_at)) > now()
    RETURNING 1)
  SELECT count(*) FROM issued
$$;
COMMENT ON FUNCTION masking.issue_codes() IS
  'After the setting codes was turned on: gives codes to the orders that are open already. Returns how many.';

CREATE FUNCTION masking.is_locked_out(caller bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT count(*) >= 5 FROM masking.code_failures f
    WHERE f.caller = is_locked_out.caller AND f.failed_at > now() - interval '1 hour');
END
$$;
COMMENT ON FUNCTION masking.is_locked_out(bigint) IS 'Five wrong codes within an hour, on whatever numbers.';

-- How many digits the longest code on a number has; NULL: there is none.
CREATE FUNCTION masking.code_digits(on_proxy bigint) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  FOR digits IN REVERSE 15..5 LOOP
    IF EXISTS (SELECT FROM masking.codes c
        WHERE c.proxy = on_proxy AND length(c.code) = digits AND upper(c.live) > now())
      OR EXISTS (SELECT FROM masking.codes c
        WHERE c.proxy IS NULL AND length(c.code) = digits AND upper(c.live) > now())
    THEN
      RETURN digits;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.code_digits(bigint) IS 'The most digits to wait for; NULL: nobody could enter a right code.';

-- What becomes of a caller who is on no order. support: a number to ring then;
-- may_ask: the server can ask for codes.
CREATE FUNCTION masking.stranger(caller bigint, proxy bigint, support bigint, may_ask boolean,
  OUT outcome text, OUT counterpart bigint, OUT digits integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF may_ask AND masking.codes_are_on()
    AND (EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = proxy)
      OR NOT EXISTS (SELECT FROM masking.proxy_numbers))
  THEN
    digits := masking.code_digits(proxy);
  END IF;
  IF digits IS NOT NULL THEN
    outcome := 'ask_code';
    IF masking.is_locked_out(caller) THEN
      outcome := 'locked_out';
      digits := NULL;
    END IF;
  ELSIF support IS NOT NULL AND support NOT IN (caller, proxy) THEN
    outcome := 'support';
    counterpart := support;
  ELSE
    outcome := 'unknown_caller';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.stranger(bigint, bigint, bigint, boolean) IS
  'What becomes of a caller who reaches nobody: asked for a code, sent to support, or told.';

COMMIT;
