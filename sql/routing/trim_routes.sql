CREATE OR REPLACE FUNCTION masking.trim_routes(o masking.orders, at timestamptz, why_all text) RETURNS void
LANGUAGE plpgsql
AS $$
-- Routes only ever get shorter here; what has to live longer is opened anew, because
-- only an INSERT can meet the constraint without an error that shows numbers. What
-- ends at once is closed as well: its times alone would let a clock that is set back
-- bring it to life again. A callee's number that is written in its other spelling is dialled so from now on.
-- What connects on a number that was replaced goes on while the order wants it: why_all is about the order's own number.
--   writes  routes of this order, whose row the caller holds
BEGIN
  -- What has expired stays so, whatever becomes of the order, also when the clock is set back.
  UPDATE masking.routes r SET closed = true WHERE r.order_id = o.order_id AND NOT r.closed AND upper(r.live) <= at;
  UPDATE masking.routes r
  SET live = tstzrange(lower(r.live), least(upper(r.live), n.until)), dials = n.dials,
    held = tstzrange(lower(r.held), least(upper(r.held), n.until + masking.setting_span('cool_off'))),
    closed = n.wish IS NULL OR n.wish <= at,
    ended = CASE
      WHEN o.forgotten_at IS NOT NULL THEN why_all
      WHEN o.agent_number IS NULL THEN 'agent removed'
      WHEN o.cancelled_at IS NOT NULL THEN 'order cancelled'
      WHEN NOT n.wanted AND (r.side = 'agent')
        = (r.callee NOT IN (masking.party(o, 'customer'), masking.party(o, 'agent')))
      THEN 'customer number corrected'
      WHEN NOT n.wanted THEN 'agent swapped'
      WHEN why_all IS NOT NULL AND NOT r.former THEN why_all
      WHEN o.completed_at IS NOT NULL THEN 'order completed'
    END
  FROM (
    -- Never empty, also when the clock was set back: the past stays readable.
    SELECT t.route_id, t.wanted, CASE WHEN t.wanted THEN nullif(masking.dialled(o, masking.other(t.side)), t.callee) ELSE t.dials END AS dials, t.wish, greatest(at, lower(t.live) + interval '1 microsecond', t.wish) AS until
    FROM (
      SELECT w.*, CASE WHEN (why_all IS NULL OR w.former) AND w.wanted THEN masking.live_until(o, w.side, coalesce(w.began, lower(w.live))) END AS wish
      FROM (
        SELECT v.*, masking.is_wanted(o, v.side, v.caller, v.callee) AS wanted FROM masking.routes v
        WHERE v.order_id = o.order_id AND masking.is_live(v.live, v.closed, at)
      ) w
    ) t
  ) n
  WHERE r.order_id = o.order_id AND r.route_id = n.route_id
    AND (upper(r.live) > n.until OR n.wish IS NULL OR n.dials IS DISTINCT FROM r.dials);
END
$$;
COMMENT ON FUNCTION masking.trim_routes(masking.orders, timestamptz, text) IS
  'Ends routes of an order that it no longer wants, at once or when its grace is over; why_all: all of them on its own number, at once, for this reason.';
