-- What an ORM reads as milliseconds and writes back is no change.
CREATE OR REPLACE FUNCTION masking.is_same(before text, after text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN after IS NULL OR coalesce(after = before, false) OR coalesce(after ~ '^\d{4}-' AND before ~ '^\d{4}-'
    AND date_trunc('milliseconds', after::timestamptz) = date_trunc('milliseconds', before::timestamptz), false);
END
$$;
COMMENT ON FUNCTION masking.is_same(text, text) IS
  'Whether a column that is written is left as it was; NULL leaves it, whatever it was.';
GRANT EXECUTE ON FUNCTION masking.is_same(text, text) TO masking_orders;

CREATE OR REPLACE FUNCTION masking.order_guarded(before masking.orders, o masking.orders) RETURNS masking.orders
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- What of an order is not the order system's stays as it is. An ORM may write it: with the value it
-- has, as NULL or as DEFAULT; anything else would be a change, and is refused with the column's name.
--   reads  the order, if it is there, where an INSERT brings values of such columns
--   who    the trigger "guard" on orders, with the rights of whoever writes
DECLARE
  kept masking.orders := before;
  existing masking.orders;
  ours text;
BEGIN
  IF before.order_id IS NOT NULL AND o.order_id IS DISTINCT FROM before.order_id THEN
    RAISE EXCEPTION 'order_id: an order keeps its id'
      USING ERRCODE = 'MK013', COLUMN = 'order_id', TABLE = 'orders', HINT = 'Delete the order and place it under its new id.';
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
  IF kept IS DISTINCT FROM o THEN
    IF before.order_id IS NULL THEN
      -- An upsert, perhaps, of a row that was read.
      SELECT e.* INTO existing FROM masking.orders e WHERE e.order_id = o.order_id;
      IF FOUND THEN
        RETURN masking.order_guarded(existing, o);
      END IF;
    END IF;
    SELECT w.key INTO ours FROM json_each_text(to_json(o)) w WHERE NOT masking.is_same(to_json(kept) ->> w.key, w.value) LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION '%: is not the order system''s to change', ours
        USING ERRCODE = 'MK013', COLUMN = ours, TABLE = 'orders', HINT = 'Leave it out, or write the value it has, NULL or DEFAULT.';
    END IF;
  END IF;
  kept.recorded_at := coalesce(kept.recorded_at, now());
  RETURN kept;
END
$$;
COMMENT ON FUNCTION masking.order_guarded(masking.orders, masking.orders) IS
  'An order as it was (NULL: new) and as the order system writes it; with our columns as they were, or MK013 naming the one it would change.';
GRANT EXECUTE ON FUNCTION masking.order_guarded(masking.orders, masking.orders) TO masking_orders;
