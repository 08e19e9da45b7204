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
  existing masking.orders := before;
  was jsonb;
  wanted jsonb;
  ours text;
BEGIN
  -- This is what DEFAULT makes of it, also in EXCLUDED.
  IF o.recorded_at = now() THEN
    o.recorded_at := before.recorded_at;
  END IF;
  IF before.order_id IS NULL THEN
    -- The usual case first: nothing of ours is there.
    IF num_nonnulls(o.proxy_number, o.masking, o.customer_code, o.agent_code, o.unmasked_since, o.unmasked_reason,
      o.customer_refused, o.customer_refused_digits, o.agent_refused, o.agent_refused_digits,
      o.routed_at, o.forgotten_at, o.recorded_at) = 0
    THEN
      o.recorded_at := now();
      RETURN o;
    END IF;
    SELECT e.* INTO existing FROM masking.orders e WHERE e.order_id = o.order_id;
  ELSIF o.order_id IS DISTINCT FROM before.order_id THEN
    RAISE EXCEPTION 'order_id: an order keeps its id'
      USING ERRCODE = 'MK013', COLUMN = 'order_id', TABLE = 'orders', HINT = 'Delete the order and place it under its new id.';
  ELSIF (o.proxy_number, o.masking, o.customer_code, o.agent_code, o.unmasked_since, o.unmasked_reason,
    o.customer_refused, o.customer_refused_digits, o.agent_refused, o.agent_refused_digits,
    o.routed_at, o.forgotten_at, o.recorded_at) IS NOT DISTINCT FROM (before.proxy_number, before.masking, before.customer_code,
    before.agent_code, before.unmasked_since, before.unmasked_reason,
    before.customer_refused, before.customer_refused_digits, before.agent_refused, before.agent_refused_digits, before.routed_at, before.forgotten_at, before.recorded_at)
  THEN
    RETURN o;
  END IF;
  was := to_jsonb(existing);
  wanted := to_jsonb(o);
  FOREACH ours IN ARRAY ARRAY['proxy_number', 'masking', 'customer_code', 'agent_code', 'unmasked_since', 'unmasked_reason',
    'customer_refused', 'customer_refused_digits', 'agent_refused', 'agent_refused_digits',
    'routed_at', 'forgotten_at', 'recorded_at']
  LOOP
    IF NOT masking.is_same(was ->> ours, wanted ->> ours) THEN
      RAISE EXCEPTION '%: is not the order system''s to change', ours
        USING ERRCODE = 'MK013', COLUMN = ours, TABLE = 'orders', HINT = 'Leave it out, or write the value it has, NULL or DEFAULT.';
    END IF;
  END LOOP;
  o.proxy_number := existing.proxy_number;
  o.masking := existing.masking;
  o.customer_code := existing.customer_code;
  o.agent_code := existing.agent_code;
  o.unmasked_since := existing.unmasked_since;
  o.unmasked_reason := existing.unmasked_reason;
  o.customer_refused := existing.customer_refused;
  o.customer_refused_digits := existing.customer_refused_digits;
  o.agent_refused := existing.agent_refused;
  o.agent_refused_digits := existing.agent_refused_digits;
  o.routed_at := existing.routed_at;
  o.forgotten_at := existing.forgotten_at;
  o.recorded_at := coalesce(existing.recorded_at, now());
  RETURN o;
END
$$;
COMMENT ON FUNCTION masking.order_guarded(masking.orders, masking.orders) IS
  'An order as it was (NULL: new) and as the order system writes it; with our columns as they were, or MK013 naming the one it would change.';
GRANT EXECUTE ON FUNCTION masking.order_guarded(masking.orders, masking.orders) TO masking_orders;
