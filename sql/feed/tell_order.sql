CREATE OR REPLACE FUNCTION masking.tell_block(the_order text, the_side text, is_blocked boolean) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO masking.feed_inbox (kind, what, order_ids, side)
  VALUES ('block', CASE WHEN is_blocked THEN 'blocked' ELSE 'unblocked' END, ARRAY[the_order], the_side)
$$;
COMMENT ON FUNCTION masking.tell_block(text, text, boolean) IS
  'Tells that a side of an order is blocked from now on, or not any more; with the order''s row locked.';

CREATE OR REPLACE FUNCTION masking.tell_order(before masking.orders, o masking.orders) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- What the feed tells of a write of an order, whoever wrote it: its number, as its people have it now, and which
-- side is blocked now and was not with the people before, or the other way round. What a block changes later is
-- told by blocks_follow().
--   reads   routes of this order, settings
--   writes  feed_inbox; rows of one order come in the order of its writes, as each holds the order's row
--   who     the triggers told_… on orders, after the write
DECLARE
  is_new CONSTANT boolean := before.order_id IS NULL;
  the_side text;
  was_blocked boolean;
  is_blocked boolean;
BEGIN
  IF o.order_id IS NULL THEN
    -- (Not of an order that had ended long ago, as retention removes them.)
    IF masking.setting_on('feed_numbers') AND EXISTS (
      SELECT FROM masking.routes r WHERE r.order_id = before.order_id AND r.ended = 'order deleted' AND upper(r.live) >= now())
    THEN
      INSERT INTO masking.feed_inbox (kind, what, order_ids, former_number)
      VALUES ('number', 'none', ARRAY[before.order_id], before.proxy_number);
    END IF;
    RETURN;
  ELSIF o.forgotten_at IS NOT NULL THEN
    RETURN;
  END IF;
  IF (is_new OR (before.proxy_number, before.masking) IS DISTINCT FROM (o.proxy_number, o.masking))
    AND masking.setting_on('feed_numbers')
  THEN
    INSERT INTO masking.feed_inbox (kind, what, order_ids, proxy_number, former_number)
    VALUES ('number', coalesce(o.masking, 'none'), ARRAY[o.order_id], o.proxy_number,
      CASE WHEN before.proxy_number IS DISTINCT FROM o.proxy_number THEN before.proxy_number END);
  END IF;
  IF masking.setting_on('feed_blocks') THEN
    FOREACH the_side IN ARRAY '{customer,agent}'::text[] LOOP
      was_blocked := (
        SELECT r.blocked FROM masking.routes r
        WHERE r.order_id = o.order_id AND r.side = the_side AND upper(r.live) >= now()
          AND (r.former OR NOT masking.is_live(r.live, r.closed, clock_timestamp())) AND masking.is_main(before, r.side, r.caller, r.callee)
        ORDER BY upper(r.live) DESC, lower(r.live) DESC LIMIT 1);
      is_blocked := (
        SELECT r.blocked FROM masking.routes r
        WHERE r.order_id = o.order_id AND r.side = the_side AND lower(r.live) >= now() AND r.began IS NULL
          AND masking.is_live(r.live, r.closed, clock_timestamp()) AND masking.is_main(o, r.side, r.caller, r.callee)
        ORDER BY lower(r.live) DESC LIMIT 1);
      IF is_blocked <> coalesce(was_blocked, false) THEN
        PERFORM masking.tell_block(o.order_id, the_side, is_blocked);
      END IF;
    END LOOP;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.tell_order(masking.orders, masking.orders) IS
  'Tells what an order, as it was (NULL: new) and as it is now (NULL: deleted), has become for its people.';
