-- A further phone is there or not; it does not become another one.
CREATE OR REPLACE FUNCTION masking.phone_kept(before masking.order_phones, phone masking.order_phones)
RETURNS masking.order_phones
LANGUAGE plpgsql
AS $$
DECLARE
  changed CONSTANT text := CASE
    WHEN phone.order_id IS DISTINCT FROM before.order_id THEN 'order_id'
    WHEN phone.side IS DISTINCT FROM before.side THEN 'side'
    WHEN phone.number IS DISTINCT FROM before.number
      AND masking.e164(phone.number, 'number') IS DISTINCT FROM before.number THEN 'number'
  END;
BEGIN
  IF changed IS NOT NULL THEN
    RAISE EXCEPTION '%: a further phone is not changed', changed
      USING ERRCODE = 'MK013', COLUMN = changed, TABLE = 'order_phones', HINT = 'Delete this one and insert the other.';
  END IF;
  phone.number := before.number;
  phone.phone := before.phone;
  RETURN phone;
END
$$;
COMMENT ON FUNCTION masking.phone_kept(masking.order_phones, masking.order_phones) IS
  'A further phone that is written as it is, or MK013.';

CREATE OR REPLACE FUNCTION masking.phone_written(before masking.order_phones, phone masking.order_phones)
RETURNS masking.order_phones
LANGUAGE plpgsql
AS $$
-- A party may call from further phones: the office's, a partner's. Each gets a route of its
-- own to the other party, on the order's number and for as long, under the same constraint
-- as every route. The other party, calling back, reaches the main phone.
--   reads   orders, order_phones, proxy_numbers
--   writes  routes
--   locks   the order's row: writes it, so that a transaction which cannot see this phone and writes the order too
--           has to be tried again (40001); then the phone (lock_people)
--   who     the trigger "written" on order_phones
DECLARE
  o masking.orders;
  at timestamptz;
BEGIN
  IF before.order_id IS NOT NULL THEN
    RETURN masking.phone_kept(before, phone);
  END IF;
  -- PostgreSQL's own errors would show the row.
  IF phone.side IS NULL OR phone.side NOT IN ('customer', 'agent') THEN
    RAISE EXCEPTION 'side: must be customer or agent'
      USING ERRCODE = 'MK005', COLUMN = 'side', TABLE = 'order_phones';
  ELSIF phone.number IS NULL THEN
    RAISE EXCEPTION 'number: is missing' USING ERRCODE = 'MK001', COLUMN = 'number', TABLE = 'order_phones';
  END IF;
  IF NOT EXISTS (
    SELECT FROM masking.order_phones p
    WHERE p.order_id = phone.order_id AND p.side = phone.side AND p.number = phone.number)
  THEN
    phone.number := masking.e164(phone.number, 'number');
  END IF;
  phone.phone := masking.person(masking.number_of(phone.number));
  UPDATE masking.orders f SET recorded_at = f.recorded_at WHERE f.order_id = phone.order_id RETURNING f.* INTO o;
  IF o.order_id IS NULL THEN
    RAISE EXCEPTION 'order_id: there is no such order'
      USING ERRCODE = 'MK005', COLUMN = 'order_id', TABLE = 'order_phones', HINT = 'Place the order first.';
  END IF;
  IF EXISTS (
    SELECT FROM masking.order_phones p
    WHERE p.order_id = phone.order_id AND p.side = phone.side AND p.phone = phone.phone)
  THEN
    RETURN NULL; -- it is there, in one spelling or the other; the primary key's own error would show the number
  END IF;
  IF phone.phone IN (masking.party(o, 'customer'), masking.party(o, 'agent')) THEN
    RAISE EXCEPTION 'number: "%" is the main phone of a party to this order', masking.redacted(phone.number)
      USING ERRCODE = 'MK003', COLUMN = 'number';
  END IF;
  IF masking.is_proxy(phone.phone) THEN
    RAISE EXCEPTION 'number: "%" is a proxy number', masking.redacted(phone.number)
      USING ERRCODE = 'MK004', COLUMN = 'number';
  END IF;
  IF NOT masking.lock_people(ARRAY[phone.phone], masking.patience()) THEN
    RAISE EXCEPTION 'number: "%" is being used by an order that is being written', masking.redacted(phone.number)
      USING ERRCODE = 'MK012', COLUMN = 'number', HINT = 'Try again.';
  END IF;
  at := clock_timestamp();
  IF NOT masking.open_phone(o, phone.side, phone.phone, at) THEN
    RAISE EXCEPTION 'number: "%" reaches somebody else on the number of order %',
      masking.redacted(phone.number), phone.order_id
      USING ERRCODE = 'MK009', COLUMN = 'number', HINT = 'It can be added once that other order is over.';
  END IF;
  phone.routed_since := CASE WHEN masking.phone_is_routed(o, phone.side, phone.phone, at) THEN at END;
  RETURN phone;
END
$$;
COMMENT ON FUNCTION masking.phone_written(masking.order_phones, masking.order_phones) IS
  'A further phone, checked and routed, or an error that shows no number.';

CREATE OR REPLACE FUNCTION masking.phone_removed(phone masking.order_phones) RETURNS void
LANGUAGE plpgsql
AS $$
-- Cuts a further phone off, but for what its order wants all the same: it may be the main phone by now.
--   locks   the order's row (waits): who writes the order at this moment leaves the phone's row to this transaction
--   writes  routes of the order
--   who     the trigger "written" on order_phones, before the row goes; the order's own DELETE
DECLARE
  o masking.orders;
BEGIN
  SELECT * INTO o FROM masking.orders f WHERE f.order_id = phone.order_id FOR NO KEY UPDATE;
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), n.until),
    held = tstzrange(lower(r.held), n.until + masking.setting_span('cool_off')),
    closed = true, ended = 'phone removed'
  FROM (
    SELECT t.route_id, greatest(clock_timestamp(), lower(t.live) + interval '1 microsecond') AS until
    FROM masking.routes t
    WHERE t.order_id = phone.order_id AND t.side = phone.side AND t.caller = phone.phone
      AND NOT EXISTS (
        SELECT FROM masking.wanted_routes(o, now()) w WHERE w.must AND w.side = t.side AND w.caller = t.caller AND w.callee = t.callee)
  ) n
  WHERE r.order_id = phone.order_id AND r.route_id = n.route_id AND masking.is_live(r.live, r.closed, n.until);
END
$$;
COMMENT ON FUNCTION masking.phone_removed(masking.order_phones) IS 'Cuts a further phone off.';
