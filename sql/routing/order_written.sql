-- What the console's form can take, and shows as it is.
CREATE OR REPLACE FUNCTION masking.is_typable(order_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT order_id !~ (E'^ | $|[\u0001-\u001F\u007F-\u009F\u2028\u2029]'
    || E'|[\u00AD\u034F\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\uFFF9-\uFFFB\U000E0000-\U000E007F]' COLLATE "C")
$$;
COMMENT ON FUNCTION masking.is_typable(text) IS
  'Whether what one sees of an order id is all there is of it: no control characters or line ends, no marks that nobody sees, no blank at either end.';

-- How programs write that there is none: the year 1, 1900, 1970, 2000, 9999, '-infinity'. Taken as a time it would end the
-- order at once, or never. Milliseconds that are taken for seconds lie even further ahead.
CREATE OR REPLACE FUNCTION masking.stands_for_none(at timestamptz, before timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT at IS DISTINCT FROM before AND at NOT BETWEEN '2002-01-01 00:00+00' AND now() + interval '1 year'
$$;
COMMENT ON FUNCTION masking.stands_for_none(timestamptz, timestamptz) IS
  'Whether a time that is written (before: what it was) lies outside 2002 to a year ahead.';

CREATE OR REPLACE FUNCTION masking.checked(o masking.orders, before masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
DECLARE
  wrong text;
BEGIN
  -- '' is how programs write that there is none.
  IF masking.visible(o.agent_number) ~ '^ *$' THEN
    o.agent_number := NULL;
  END IF;
  o.spoken := nullif(o.spoken, '');
  IF coalesce(o.order_id, '') = '' OR length(o.order_id) > 200 THEN
    RAISE EXCEPTION 'order_id: must have 1 to 200 characters, has %', coalesce(length(o.order_id), 0)
      USING ERRCODE = 'MK005', COLUMN = 'order_id';
  ELSIF before.order_id IS NULL AND NOT masking.is_typable(o.order_id) THEN
    RAISE EXCEPTION 'order_id: has a control character, a mark that nobody sees, or a blank at one end'
      USING ERRCODE = 'MK005', COLUMN = 'order_id', TABLE = 'orders', HINT = 'Support reads it, and types it.';
  END IF;
  IF o.spoken !~ '^[A-Za-z0-9]{1,20}$' THEN
    RAISE EXCEPTION 'spoken: must have 1 to 20 letters (A to Z) and digits'
      USING ERRCODE = 'MK005', COLUMN = 'spoken', TABLE = 'orders', HINT = 'They are read out one by one; where there is nothing to say, write NULL.';
  END IF;
  IF o.customer_number IS NULL AND o.customer_refused IS NULL THEN
    RAISE EXCEPTION 'customer_number: is missing'
      USING ERRCODE = 'MK001', COLUMN = 'customer_number', HINT = 'An order has a customer from the start.';
  END IF;
  -- What is stored has been read: its digits mean the same whatever the setting is now.
  IF o.customer_number IS DISTINCT FROM before.customer_number THEN
    o.customer_number := masking.e164(o.customer_number, 'customer_number');
  END IF;
  IF o.agent_number IS DISTINCT FROM before.agent_number THEN
    o.agent_number := masking.e164(o.agent_number, 'agent_number');
  END IF;
  -- Promise 1, also of a number without its country code.
  IF length(ltrim(o.spoken, '0')) >= 9
    AND concat(o.customer_number, ' ', o.agent_number, ' ') LIKE concat('%', ltrim(o.spoken, '0'), ' %')
  THEN
    RAISE EXCEPTION 'spoken: is the phone number of one of the two'
      USING ERRCODE = 'MK005', COLUMN = 'spoken', TABLE = 'orders', HINT = 'It is read out to the other one.';
  END IF;
  o.placed_at := coalesce(o.placed_at, now());
  wrong := CASE
    WHEN masking.stands_for_none(o.placed_at, before.placed_at) THEN 'placed_at'
    WHEN o.completed_at <> 'infinity' AND masking.stands_for_none(o.completed_at, before.completed_at) THEN 'completed_at'
    WHEN masking.stands_for_none(o.cancelled_at, before.cancelled_at) THEN 'cancelled_at'
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: is before 2002, or more than a year ahead', wrong
      USING ERRCODE = 'MK010', COLUMN = wrong, TABLE = 'orders', HINT = 'Where there is no time, write NULL.';
  END IF;
  -- A day, because clocks and time zones differ.
  IF o.placed_at > now() + interval '1 day' AND o.placed_at IS DISTINCT FROM before.placed_at THEN
    RAISE EXCEPTION 'placed_at: % is in the future', o.placed_at
      USING ERRCODE = 'MK010', COLUMN = 'placed_at', HINT = 'An order is placed now or was placed earlier.';
  END IF;
  IF masking.party(o, 'agent') = masking.party(o, 'customer') THEN
    RAISE EXCEPTION 'agent_number: "%" is the customer''s own number', masking.redacted(o.agent_number)
      USING ERRCODE = 'MK003', COLUMN = 'agent_number';
  END IF;
  -- What was no proxy number when it was written must not stop the order's course.
  wrong := CASE
    WHEN o.customer_number IS DISTINCT FROM before.customer_number AND masking.is_proxy(masking.party(o, 'customer'))
      THEN 'customer_number'
    WHEN o.agent_number IS DISTINCT FROM before.agent_number AND masking.is_proxy(masking.party(o, 'agent'))
      THEN 'agent_number'
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: "%" is a proxy number', wrong,
      masking.redacted(CASE wrong WHEN 'customer_number' THEN o.customer_number ELSE o.agent_number END)
      USING ERRCODE = 'MK004', COLUMN = wrong;
  END IF;
  wrong := CASE
    WHEN o.customer_number IS DISTINCT FROM before.customer_number AND NOT masking.may_dial(masking.party(o, 'customer'))
      THEN 'customer_number'
    WHEN o.agent_number IS DISTINCT FROM before.agent_number AND NOT masking.may_dial(masking.party(o, 'agent'))
      THEN 'agent_number'
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: "%" begins with a prefix that may not be dialled', wrong,
      masking.redacted(CASE wrong WHEN 'customer_number' THEN o.customer_number ELSE o.agent_number END)
      USING ERRCODE = 'MK014', COLUMN = wrong, HINT = 'masking.dial_prefixes says which may be.';
  END IF;
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.checked(masking.orders, masking.orders) IS
  'The order, as it was before, with its numbers in E.164 digits, or an error naming the column, never showing a whole number.';

CREATE OR REPLACE FUNCTION masking.refusal(number text, state text, OUT reason text, OUT digits text)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  reason := CASE WHEN number IS NULL THEN 'number missing' ELSE (SELECT r.reason FROM masking.reasons r WHERE r.sqlstate = state) END;
  digits := substr(masking.redacted(number), 3);
END
$$;
COMMENT ON FUNCTION masking.refusal(text, text) IS
  'Why a number was not taken, as the order keeps it: the reason of the error that checked() raised, and two digits.';

CREATE OR REPLACE FUNCTION masking.let_through(o masking.orders, before masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
-- As checked(), and by the setting bad_numbers an order never fails for a number: it goes on without
-- it, and customer_refused or agent_refused says why, until another one is written.
DECLARE
  wrong text;
  state text;
BEGIN
  -- (These are ours alone: whatever was written there is what it was.)
  o.customer_refused := CASE WHEN o.customer_number IS NULL THEN before.customer_refused END;
  o.customer_refused_digits := CASE WHEN o.customer_number IS NULL THEN before.customer_refused_digits END;
  o.agent_refused := CASE WHEN o.agent_number IS NULL THEN before.agent_refused END;
  o.agent_refused_digits := CASE WHEN o.agent_number IS NULL THEN before.agent_refused_digits END;
  IF masking.setting_word('bad_numbers') = 'refused' THEN
    RETURN masking.checked(o, before);
  END IF;
  LOOP
    BEGIN
      RETURN masking.checked(o, before);
    EXCEPTION WHEN SQLSTATE 'MK001' OR SQLSTATE 'MK003' OR SQLSTATE 'MK004' OR SQLSTATE 'MK014' THEN
      GET STACKED DIAGNOSTICS wrong = COLUMN_NAME, state = RETURNED_SQLSTATE;
    END;
    IF wrong = 'customer_number' THEN
      SELECT f.* INTO o.customer_refused, o.customer_refused_digits FROM masking.refusal(o.customer_number, state) f;
      o.customer_number := NULL;
    ELSE
      SELECT f.* INTO o.agent_refused, o.agent_refused_digits FROM masking.refusal(o.agent_number, state) f;
      o.agent_number := NULL;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.let_through(masking.orders, masking.orders) IS
  'The order, as it was before, checked; without its bad numbers where the setting bad_numbers says so.';

CREATE OR REPLACE FUNCTION masking.next_revision(before masking.orders, o masking.orders) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
-- Whoever writes a revision says which row was read: what is stored, or that plus one, as ORMs write, and it is stored plus
-- one. Of a row that was read before the last write nothing is taken, else a whole row that is saved brings back an agent
-- who was swapped. Who writes none is not compared. What masking writes itself is no write; what an owner writes in the
-- order system's columns is.
BEGIN
  IF before.order_id IS NULL THEN
    -- Anywhere: what was read of an order of this id, which was deleted and placed anew, is not this one's.
    RETURN coalesce(o.revision, 2 + floor(random() * 1000000000)::bigint);
  ELSIF o.revision NOT IN (before.revision, before.revision + 1) THEN
    RAISE EXCEPTION 'revision: the order was written since this row of it was read'
      USING ERRCODE = 'MK013', COLUMN = 'revision', TABLE = 'orders', HINT = 'Read it again, and write what you change.';
  ELSIF o.forgotten_at IS NULL
    AND (o.customer_number, o.agent_number, o.placed_at, o.completed_at, o.cancelled_at, o.spoken)
      IS DISTINCT FROM (before.customer_number, before.agent_number, before.placed_at, before.completed_at, before.cancelled_at,
        before.spoken)
  THEN
    RETURN before.revision + 1;
  END IF;
  RETURN coalesce(o.revision, before.revision);
END
$$;
COMMENT ON FUNCTION masking.next_revision(masking.orders, masking.orders) IS
  'The revision to store of an order as it was (NULL: new) and as it is written now, or MK013.';

CREATE OR REPLACE FUNCTION masking.order_written(before masking.orders, o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
AS $$
-- Whatever happened to an order, its routes, then its codes, then its further phones are
-- brought to where its row says they should be; there is no list of transitions.
--   reads   orders, order_phones, proxy_numbers, settings, routes, codes
--   writes  routes, codes, order_phones, pool_peaks; the row itself is the trigger's
--   locks   in this order: the order's row (by the UPDATE itself, or FOR KEY SHARE when an
--           INSERT finds it), else its id (lock_order, waits); then the people, tried for
--           as long as patience() says (lock_people); then the proxy number, shared, tried
--           (keep_proxy); then routes of others that give way, only where they are free; then
--           each further phone, as a person (phones_follow)
--   who     the trigger "written" on orders, whoever writes one
DECLARE
  existing masking.orders := before;
  -- Written by assign_pending, move_order or issue_codes, and routed already.
  is_ours CONSTANT boolean := before.order_id IS NOT NULL
    AND (before.proxy_number, before.unmasked_since, before.customer_code, before.agent_code)
      IS DISTINCT FROM (o.proxy_number, o.unmasked_since, o.customer_code, o.agent_code);
BEGIN
  IF before.order_id IS NULL THEN
    SELECT e.* INTO existing FROM masking.orders e WHERE e.order_id = o.order_id FOR KEY SHARE;
    IF existing.order_id IS NULL THEN
      PERFORM masking.lock_order(o.order_id);
      SELECT e.* INTO existing FROM masking.orders e WHERE e.order_id = o.order_id FOR KEY SHARE;
    END IF;
    IF existing.order_id IS NOT NULL THEN
      -- ON CONFLICT will find it, and its UPDATE comes here again with EXCLUDED: as it was written.
      -- Digits that were read already would be read once more, as a number of this country.
      o.placed_at := coalesce(o.placed_at, now());
      IF o.revision > 1 THEN
        PERFORM masking.next_revision(existing, o);
      END IF;
      RETURN o;
    END IF;
  END IF;
  o.revision := masking.next_revision(before, o);
  IF before.order_id IS NULL THEN
    o := masking.let_through(o, existing);
    o := masking.route_order(o, existing, masking.patience());
  ELSIF o.forgotten_at IS NOT NULL THEN
    PERFORM masking.route_forgotten(before, o);
  ELSIF NOT is_ours THEN
    o := masking.let_through(o, before);
    o := masking.route_order(o, before, masking.patience());
  END IF;
  IF NOT is_ours AND o.unmasked_since IS NOT NULL AND before.unmasked_since IS NULL AND masking.setting_on('refuse_unmasked') THEN
    RAISE EXCEPTION 'no proxy number is free for order %', o.order_id
      USING ERRCODE = 'MK002', TABLE = 'orders',
        HINT = 'See masking.pool_status; with refuse_unmasked false in masking.settings the order would commit without one.';
  END IF;
  o.masking := CASE
    WHEN o.forgotten_at IS NOT NULL THEN NULL
    WHEN num_nonnulls(o.customer_refused, o.agent_refused) > 0 AND o.cancelled_at IS NULL THEN 'refused'
    WHEN o.proxy_number IS NOT NULL THEN 'masked' -- see route_order
    WHEN o.routed_at IS NOT NULL AND masking.connected_since(o, NULL, clock_timestamp()) IS NOT NULL THEN 'any number'
    WHEN o.unmasked_since IS NOT NULL THEN 'waiting'
  END;
  o.customer := masking.party(o, 'customer');
  o.agent := masking.party(o, 'agent');
  o := masking.give_codes(before, o);
  IF before.order_id IS NOT NULL THEN
    PERFORM masking.phones_follow(o);
  END IF;
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.order_written(masking.orders, masking.orders) IS
  'An order as it was (NULL: new) and as it is written now; the row to store, checked and routed, or an error that shows no number.';

CREATE OR REPLACE FUNCTION masking.route_forgotten(before masking.orders, after masking.orders) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF before.forgotten_at IS NOT DISTINCT FROM after.forgotten_at
    AND (before.customer_number, before.agent_number) IS DISTINCT FROM (after.customer_number, after.agent_number)
  THEN
    RAISE EXCEPTION 'order %: its phone numbers were forgotten at %', after.order_id, before.forgotten_at
      USING ERRCODE = 'MK008', TABLE = 'orders', HINT = 'Place a new order for these people.';
  END IF;
  -- Whatever it was forgotten for, it connects nobody.
  PERFORM masking.trim_routes(after, clock_timestamp(), 'numbers forgotten');
END
$$;
COMMENT ON FUNCTION masking.route_forgotten(masking.orders, masking.orders) IS
  'A forgotten order may still be completed, cancelled or reopened, but can route nobody any more.';

CREATE OR REPLACE FUNCTION masking.order_removed(o masking.orders) RETURNS void
LANGUAGE plpgsql
AS $$
-- Cuts both sides of a deleted order off; its routes stay as history, its codes end, its
-- further phones go with it.
--   writes  routes, codes, order_phones, order_blocks of this order, whose row the DELETE holds
DECLARE
  at timestamptz := clock_timestamp();
BEGIN
  UPDATE masking.routes r SET closed = true WHERE r.order_id = o.order_id AND NOT r.closed AND upper(r.live) <= at; -- as in trim_routes
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), greatest(at, lower(r.live) + interval '1 microsecond')),
    held = tstzrange(lower(r.held), least(upper(r.held),
      greatest(at, lower(r.live) + interval '1 microsecond') + masking.setting_span('cool_off'))),
    closed = true, ended = 'order deleted'
  WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed, at);
  PERFORM masking.end_codes(o.order_id, at);
  DELETE FROM masking.order_phones p WHERE p.order_id = o.order_id;
  DELETE FROM masking.order_blocks b WHERE b.order_id = o.order_id;
END
$$;
COMMENT ON FUNCTION masking.order_removed(masking.orders) IS
  'What follows from deleting an order.';
