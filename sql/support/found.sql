-- What stands against calls: findings, of which said_reason() makes sentences.
CREATE OR REPLACE FUNCTION masking.refused_found(o masking.orders) RETURNS SETOF masking.finding
LANGUAGE sql STABLE
AS $$
  SELECT (v.reason, o.order_id, NULL, v.side, '**' || v.digits)::masking.finding
  FROM (VALUES ('customer', o.customer_refused, o.customer_refused_digits), ('agent', o.agent_refused, o.agent_refused_digits)) AS v (side, reason, digits)
  WHERE v.reason IS NOT NULL
$$;
COMMENT ON FUNCTION masking.refused_found(masking.orders) IS 'Which of an order''s numbers were not taken, and why.';

CREATE OR REPLACE FUNCTION masking.order_found(o masking.orders, at timestamptz, has_routes boolean) RETURNS SETOF masking.finding
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What an order's own row says against calls; no row: nothing. It says what is, not what was: that an order
-- is over its routes say, where there are any (has_routes).
--   who  reasons_not_connected, explained_sides, order_steps, orders_of_person, console_order
DECLARE
  f masking.finding;
BEGIN
  f.order_id := o.order_id;
  f.since := CASE WHEN o.cancelled_at <= at THEN o.cancelled_at WHEN o.completed_at <= at THEN o.completed_at ELSE o.forgotten_at END;
  IF o.order_id IS NULL THEN
    f.reason := CASE WHEN NOT has_routes THEN 'gone' END;
  ELSIF f.since <= at THEN
    f.reason := CASE WHEN has_routes THEN NULL WHEN o.cancelled_at <= at THEN 'cancelled' WHEN o.completed_at <= at THEN 'completed' ELSE 'forgotten' END
      || CASE WHEN o.routed_at IS NULL THEN ', never connected' ELSE '' END;
  ELSIF num_nonnulls(o.customer_refused, o.agent_refused) > 0 THEN
    RETURN QUERY SELECT * FROM masking.refused_found(o);
  ELSIF o.unmasked_since <= at THEN
    f.reason := o.unmasked_reason;
    f.since := o.unmasked_since;
  ELSIF o.agent_number IS NULL THEN
    f.reason := CASE WHEN o.routed_at IS NULL THEN 'not assigned' ELSE 'no agent now' END;
  END IF;
  IF f.reason IS NOT NULL THEN
    RETURN NEXT f;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.order_found(masking.orders, timestamptz, boolean) IS
  'What an order''s own row says against calls at that time; has_routes: but for what its routes say.';

CREATE OR REPLACE FUNCTION masking.end_found(r masking.routes) RETURNS masking.finding
LANGUAGE sql STABLE
AS $$
  SELECT (coalesce(r.ended, 'end of its longest life'), r.order_id, upper(r.live), r.side, NULL)::masking.finding
$$;
COMMENT ON FUNCTION masking.end_found(masking.routes) IS 'Why and when a route ended.';

CREATE OR REPLACE FUNCTION masking.block_found(the_side text, the_callee bigint) RETURNS masking.finding
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN the_callee > 0 AND NOT masking.may_dial(the_callee)
    THEN ('prefix not dialled', NULL, NULL, masking.other(the_side), masking.said_phone(the_callee))::masking.finding
    ELSE ('blocked', NULL, NULL, the_side, NULL)::masking.finding END
$$;
COMMENT ON FUNCTION masking.block_found(text, bigint) IS
  'Why a side that is blocked may not call: the number that would ring, or a block.';
