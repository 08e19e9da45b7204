CREATE OR REPLACE FUNCTION masking.is_replaced(the_number bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  -- (One that is enabled may be had, whatever an owner wrote.)
  RETURN EXISTS (
    SELECT FROM masking.replacements x JOIN masking.proxy_numbers p ON p.e164 = x.number AND NOT p.enabled
    WHERE x.number = the_number AND NOT x.stopped);
END
$$;
COMMENT ON FUNCTION masking.is_replaced(bigint) IS 'Whether no order is to get this number, or a route on it, any more.';

CREATE OR REPLACE FUNCTION masking.leave_number(o masking.orders) RETURNS void
LANGUAGE sql
AS $$
  UPDATE masking.routes r SET former = true
  WHERE r.order_id = o.order_id AND r.proxy = masking.number_of(o.proxy_number) AND NOT r.closed AND NOT r.former
$$;
COMMENT ON FUNCTION masking.leave_number(masking.orders) IS
  'What connects on the order''s number becomes former: it will have another one.';

CREATE OR REPLACE FUNCTION masking.come_back(o masking.orders, at timestamptz) RETURNS void
LANGUAGE sql
AS $$
  -- Enabled again, a number may be an order's for the second time; a caller has one route there.
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), greatest(at, lower(r.live) + interval '1 microsecond')),
    held = tstzrange(lower(r.held), greatest(at, lower(r.live) + interval '1 microsecond') + masking.setting_span('cool_off')),
    closed = true, ended = 'renewed'
  WHERE r.order_id = o.order_id AND r.former AND r.proxy = masking.number_of(o.proxy_number) AND masking.is_live(r.live, r.closed, at)
$$;
COMMENT ON FUNCTION masking.come_back(masking.orders, timestamptz) IS
  'Ends what is former on the number that the order has now.';

CREATE OR REPLACE FUNCTION masking.assigned_before(o masking.orders, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT max(coalesce(r.began, lower(r.live))) FROM masking.routes r
    WHERE r.order_id = o.order_id AND r.former AND masking.is_live(r.live, r.closed, at)
      AND masking.is_main(o, r.side, r.caller, r.callee)
      AND upper(r.live) >= masking.live_until(o, r.side, coalesce(r.began, lower(r.live))));
END
$$;
COMMENT ON FUNCTION masking.assigned_before(masking.orders, timestamptz) IS
  'When the people of an order were assigned whose former routes connect for as long as the order wants, so that a new number ends with the old one; NULL: there are none such.';

CREATE OR REPLACE FUNCTION masking.move_order(the_order text, off bigint, OUT became text, OUT proxy_number text)
LANGUAGE plpgsql
AS $$
-- Gives an order another number than one that is being replaced. became:
--   moved    it has another one; what connected on the old number does so beside it, until it would have ended
--   waiting  none is free: it waits as any order does, and its people reach each other on the old number still
--   over     nothing of it connects on that number
--   NULL     its row or its people are busy: to be tried again
--   reads, writes, locks   as assign_pending does: the order's row, if it is free; its people, without patience
--   who                    replace_some
DECLARE
  o masking.orders;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = the_order FOR UPDATE SKIP LOCKED;
  IF o.order_id IS NULL AND EXISTS (SELECT FROM masking.orders f WHERE f.order_id = the_order) THEN
    RETURN;
  ELSIF masking.number_of(o.proxy_number) IS DISTINCT FROM off OR NOT EXISTS (
    SELECT FROM masking.routes r WHERE r.order_id = the_order AND r.proxy = off AND masking.is_live(r.live, r.closed, clock_timestamp()))
  THEN
    became := 'over';
    RETURN;
  ELSIF NOT masking.lock_people(ARRAY[masking.party(o, 'customer'), masking.party(o, 'agent')], interval '0') THEN
    RETURN;
  END IF;
  PERFORM masking.leave_number(o);
  o.proxy_number := NULL;
  o := masking.route_order(o, o, interval '0');
  UPDATE masking.orders f
  SET proxy_number = o.proxy_number, unmasked_since = o.unmasked_since, unmasked_reason = o.unmasked_reason, routed_at = o.routed_at
  WHERE f.order_id = o.order_id;
  proxy_number := o.proxy_number;
  became := CASE WHEN o.proxy_number IS NOT NULL THEN 'moved' WHEN o.unmasked_since IS NOT NULL THEN 'waiting' ELSE 'over' END;
END
$$;
COMMENT ON FUNCTION masking.move_order(text, bigint) IS
  'Gives an order another number than one that is being replaced; what became of it, and the number.';
