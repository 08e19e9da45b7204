CREATE OR REPLACE FUNCTION masking.look_for_orders(x masking.replacements) RETURNS masking.replacements
LANGUAGE plpgsql
AS $$
-- Notes which live orders have the number, and whether that is all. A transaction that chose the number before it was
-- disabled may commit much later, and its order is seen then: so it is finished by a look that finds none and is made when
-- every transaction has ended that was running at a look before it, half a minute after the first. (One that never ends
-- delays that word, and nothing else. Whoever chooses the number by an older snapshot has 40001 of keep_proxy.)
--   reads   all that is held (routes_held), once; orders by their key
--   writes  replacement_orders
--   who     replace_number, replace_some
DECLARE
  -- Before the look: who ends between the two may be seen, and counts as running.
  oldest CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
  -- (Not the snapshot's xmax, beyond which transactions may be running.)
  newest CONSTANT xid8 := pg_current_xact_id();
BEGIN
  INSERT INTO masking.replacement_orders (number, order_id)
  SELECT x.number, r.order_id
  FROM masking.live_routes() r
  JOIN masking.orders o ON o.order_id = r.order_id AND o.proxy_number = x.number::text
  WHERE r.proxy = x.number
  GROUP BY r.order_id
  ON CONFLICT DO NOTHING;
  SELECT count(*) INTO x.remaining FROM masking.replacement_orders l WHERE l.number = x.number;
  SELECT count(*) INTO x.waiting FROM masking.orders o
  WHERE o.unmasked_since IS NOT NULL AND o.proxy_number IS NULL AND EXISTS (
    SELECT FROM masking.routes r
    WHERE r.order_id = o.order_id AND r.proxy = x.number AND r.former AND masking.is_live(r.live, r.closed));
  IF x.remaining + x.waiting = 0 AND x.settles_at <= oldest THEN
    x.finished_at := clock_timestamp();
  END IF;
  -- (Restored elsewhere, the database counts its transactions anew.)
  IF x.settles_at IS NULL OR x.settles_at > newest THEN
    x.settles_at := newest;
  END IF;
  x.looked_at := clock_timestamp();
  x.reached_id := NULL;
  RETURN x;
END
$$;
COMMENT ON FUNCTION masking.look_for_orders(masking.replacements) IS
  'A replacement after another look for live orders on its number.';

CREATE OR REPLACE FUNCTION masking.replace_some(at_most integer) RETURNS TABLE (order_id text, proxy_number text)
LANGUAGE plpgsql
AS $$
-- A piece of each replacement, the oldest first: a quarter of a second altogether, 20 orders at least. An order that is
-- busy stays on the list, and its turn comes again when the others had theirs.
--   reads   replacements, replacement_orders, proxy_numbers
--   writes  the first two, and what move_order and look_for_orders write
--   locks   a replacement's row, if it is free: who stops it waits for this piece, and this piece for nobody; else as move_order
--   who     assign_pending, whose row of chores keeps others out
#variable_conflict use_column
DECLARE
  began CONSTANT timestamptz := clock_timestamp();
  here masking.replacements;
  next text;
  done record;
  examined integer := 0;
  is_spent boolean := false;
BEGIN
  DELETE FROM masking.replacement_orders l
  WHERE l.ctid = ANY (ARRAY(
    SELECT k.ctid FROM masking.replacements x JOIN masking.replacement_orders k ON k.number = x.number
    WHERE NOT masking.is_replaced(x.number)
    FOR UPDATE OF k SKIP LOCKED));
  FOR here IN
    SELECT x.* FROM masking.replacements x
    WHERE masking.is_replaced(x.number) AND x.finished_at IS NULL
    ORDER BY x.began_at, x.number
    FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    IF NOT EXISTS (SELECT FROM masking.replacement_orders l WHERE l.number = here.number) THEN
      CONTINUE WHEN masking.is_recent(here.looked_at, interval '30 seconds');
      here := masking.look_for_orders(here);
    END IF;
    WHILE NOT is_spent LOOP
      SELECT l.order_id INTO next FROM masking.replacement_orders l
      WHERE l.number = here.number AND l.order_id > coalesce(here.reached_id, '')
      ORDER BY l.order_id
      LIMIT 1;
      here.reached_id := next;
      EXIT WHEN next IS NULL;
      SELECT * INTO done FROM masking.move_order(next, here.number);
      IF done.became IS NOT NULL THEN
        DELETE FROM masking.replacement_orders l WHERE l.number = here.number AND l.order_id = next;
        here.remaining := here.remaining - 1;
        here.moved := here.moved + (done.became = 'moved')::integer;
        here.waiting := here.waiting + (done.became = 'waiting')::integer;
      END IF;
      IF done.became = 'moved' THEN
        order_id := next;
        proxy_number := done.proxy_number;
        at_most := at_most - 1;
        RETURN NEXT;
      END IF;
      examined := examined + 1;
      is_spent := at_most <= 0 OR examined >= 20 AND clock_timestamp() > began + interval '250 milliseconds';
    END LOOP;
    UPDATE masking.replacements x
    SET (moved, waiting, remaining, finished_at, looked_at, settles_at, reached_id)
      = (here.moved, here.waiting, here.remaining, here.finished_at, here.looked_at, here.settles_at, here.reached_id)
    WHERE x.number = here.number;
    EXIT WHEN is_spent;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.replace_some(integer) IS
  'Gives so many orders another number whose own is being replaced; returns them.';

CREATE OR REPLACE FUNCTION masking.replace_number(number text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- A number is dead, and orders show it: it is disabled, and the servers move its live orders to other numbers. Asked again,
-- it goes on, also where it was stopped.
--   reads   all that is held, once
--   writes  proxy_numbers, replacements, replacement_orders
--   locks   the number's row, then its replacement's, which a server holds for a moment
--   who     the owner; number-masking-plivo check --fix (plivo_fixed)
#variable_conflict use_variable
DECLARE
  wanted CONSTANT bigint := masking.number_of(masking.e164(number, 'number'));
  here masking.replacements;
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION 'number: is missing' USING ERRCODE = 'MK001', COLUMN = 'number';
  END IF;
  UPDATE masking.proxy_numbers p SET enabled = false WHERE p.e164 = wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'number: "%" is not in the pool', masking.redacted(wanted::text)
      USING ERRCODE = 'MK005', COLUMN = 'number', TABLE = 'proxy_numbers', HINT = 'masking.proxy_numbers has those that are.';
  END IF;
  INSERT INTO masking.replacements AS x (number, began_at, who) VALUES (wanted, clock_timestamp(), session_user)
  ON CONFLICT ON CONSTRAINT replacements_pkey DO UPDATE SET began_at = EXCLUDED.began_at, who = EXCLUDED.who, stopped = false,
    moved = CASE WHEN x.stopped OR x.finished_at IS NOT NULL THEN 0 ELSE x.moved END, finished_at = NULL, looked_at = NULL, settles_at = NULL
  RETURNING x.* INTO here;
  here := masking.look_for_orders(here);
  -- (Not its settles_at: until this commits, others choose the number still.)
  UPDATE masking.replacements x SET (waiting, remaining, looked_at, reached_id) = (here.waiting, here.remaining, here.looked_at, NULL)
  WHERE x.number = here.number;
  RETURN here.remaining;
END
$$;
COMMENT ON FUNCTION masking.replace_number(text) IS
  'Takes a number out of use for good: disables it, and has the servers give its live orders other numbers; people who dial the old one reach each other until that would have ended. Returns how many orders there are. masking.replacements says how it goes, and its column stopped stops it.';
