-- What an ORM reads as milliseconds and writes back is no change.
CREATE OR REPLACE FUNCTION masking.is_same(before text, after text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN after IS NULL OR after = '' OR coalesce(after = before, false) OR coalesce(after ~ '^[0-9]{4}-' AND before ~ '^[0-9]{4}-'
    AND date_trunc('milliseconds', after::timestamptz) = date_trunc('milliseconds', before::timestamptz), false);
END
$$;
COMMENT ON FUNCTION masking.is_same(text, text) IS
  'Whether a column that is written is left as it was; NULL and '''' leave it, whatever it was.';
GRANT EXECUTE ON FUNCTION masking.is_same(text, text) TO masking_orders;

CREATE OR REPLACE FUNCTION masking.must_keep(kept json, written json, what text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ours text;
BEGIN
  SELECT w.key INTO ours FROM json_each_text(written) w WHERE NOT masking.is_same(kept ->> w.key, w.value) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: is not the order system''s to change', ours
      USING ERRCODE = 'MK013', COLUMN = ours, TABLE = what, HINT = 'Leave it out, or write the value it has, NULL or DEFAULT.';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.must_keep(json, json, text) IS
  'MK013, naming a column, where a row of a table as it is written is not what is kept of it.';
GRANT EXECUTE ON FUNCTION masking.must_keep(json, json, text) TO masking_orders;

CREATE OR REPLACE FUNCTION masking.order_guarded(before masking.orders, o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- What of an order is not the order system's stays as it is. An ORM may write it: with the value it
-- has, as NULL, '' or DEFAULT; anything else would be a change, and is refused with the column's name.
-- (An INSERT that ON CONFLICT turns into an UPDATE comes here again as one.)
--   reads  the order, if it is there, where an INSERT brings values of such columns
--   who    the trigger "guard" on orders, with the rights of whoever writes
DECLARE
  kept masking.orders := before;
  existing masking.orders;
  written CONSTANT bigint := o.revision;
BEGIN
  IF before.order_id IS NOT NULL AND o.order_id IS DISTINCT FROM before.order_id THEN
    RAISE EXCEPTION 'order_id: an order keeps its id'
      USING ERRCODE = 'MK013', COLUMN = 'order_id', TABLE = 'orders', HINT = 'Delete the order and place it under its new id.';
  END IF;
  IF before.order_id IS NOT NULL THEN
    o.revision := coalesce(nullif(o.revision, before.revision), before.revision + 1); -- see next_revision
  END IF;
  -- This is what DEFAULT makes of it, also in EXCLUDED.
  IF o.recorded_at = now() THEN
    o.recorded_at := before.recorded_at;
  END IF;
  -- The order system's columns. All others are ours.
  kept.order_id := o.order_id;
  kept.customer_number := o.customer_number;
  kept.agent_number := o.agent_number;
  kept.placed_at := o.placed_at;
  kept.completed_at := o.completed_at;
  kept.cancelled_at := o.cancelled_at;
  kept.spoken := o.spoken;
  -- Programs that count themselves begin at 0 or 1.
  kept.revision := CASE WHEN before.order_id IS NOT NULL OR o.revision IN (0, 1) THEN o.revision END;
  IF kept IS DISTINCT FROM o THEN
    IF before.order_id IS NULL THEN
      -- An upsert, perhaps, of a row that was read.
      SELECT e.* INTO existing FROM masking.orders e WHERE e.order_id = o.order_id;
      IF FOUND THEN
        kept := masking.order_guarded(existing, o);
        kept.revision := written;
        RETURN kept;
      ELSIF o.revision IS DISTINCT FROM kept.revision THEN
        RAISE EXCEPTION 'revision: there is no such order any more'
          USING ERRCODE = 'MK013', COLUMN = 'revision', TABLE = 'orders', HINT = 'To place it anew, leave revision out.';
      END IF;
    END IF;
    PERFORM masking.must_keep(to_json(kept), to_json(o), 'orders');
  END IF;
  kept.recorded_at := coalesce(kept.recorded_at, now());
  RETURN kept;
END
$$;
COMMENT ON FUNCTION masking.order_guarded(masking.orders, masking.orders) IS
  'An order as it was (NULL: new) and as the order system writes it; with our columns as they were, or MK013 naming the one it would change.';
GRANT EXECUTE ON FUNCTION masking.order_guarded(masking.orders, masking.orders) TO masking_orders;

-- Of a further phone and of a block only the times are ours, and how the phone is looked up.
CREATE OR REPLACE FUNCTION masking.phone_guarded(before masking.order_phones, phone masking.order_phones) RETURNS masking.order_phones
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept masking.order_phones := before;
BEGIN
  IF before.order_id IS NULL THEN
    SELECT e.* INTO kept FROM masking.order_phones e
    WHERE e.order_id = phone.order_id AND e.side = phone.side AND e.number = phone.number;
  END IF;
  kept.order_id := phone.order_id;
  kept.side := phone.side;
  kept.number := phone.number;
  PERFORM masking.must_keep(to_json(kept), to_json(phone), 'order_phones');
  RETURN kept;
END
$$;
COMMENT ON FUNCTION masking.phone_guarded(masking.order_phones, masking.order_phones) IS
  'The same of a further phone.';
GRANT EXECUTE ON FUNCTION masking.phone_guarded(masking.order_phones, masking.order_phones) TO masking_orders;

CREATE OR REPLACE FUNCTION masking.block_guarded(before masking.order_blocks, block masking.order_blocks) RETURNS masking.order_blocks
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept masking.order_blocks := before;
BEGIN
  IF before.order_id IS NULL THEN
    SELECT e.* INTO kept FROM masking.order_blocks e WHERE e.order_id = block.order_id AND e.side = block.side;
  END IF;
  kept.order_id := block.order_id;
  kept.side := block.side;
  kept.reason := block.reason;
  -- As in order_guarded: what DEFAULT makes of it.
  IF block.blocked_at <> now() THEN
    PERFORM masking.must_keep(to_json(kept), to_json(block), 'order_blocks');
  END IF;
  -- A block that is moved is another one.
  IF (before.order_id, before.side) IS DISTINCT FROM (block.order_id, block.side) AND before.order_id IS NOT NULL THEN
    kept.blocked_at := NULL;
  END IF;
  kept.blocked_at := coalesce(kept.blocked_at, now());
  RETURN kept;
END
$$;
COMMENT ON FUNCTION masking.block_guarded(masking.order_blocks, masking.order_blocks) IS
  'The same of a block.';
GRANT EXECUTE ON FUNCTION masking.block_guarded(masking.order_blocks, masking.order_blocks) TO masking_orders;
