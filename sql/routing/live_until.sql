CREATE OR REPLACE FUNCTION masking.names_both(o masking.orders) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT num_nulls(o.customer_number, o.agent_number) = 0 AND num_nonnulls(o.cancelled_at, o.forgotten_at) = 0
$$;
COMMENT ON FUNCTION masking.names_both(masking.orders) IS
  'Whether an order names two people who may be connected: it is not cancelled, and its numbers are not forgotten.';

CREATE OR REPLACE FUNCTION masking.live_until(o masking.orders, side text, assigned timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF NOT masking.names_both(o) THEN
    RETURN '-infinity';
  ELSIF o.completed_at IS NULL THEN
    RETURN assigned + masking.setting_span('longest_life');
  END IF;
  -- No time is so far that it could not be reckoned with.
  RETURN least(o.completed_at, '9999-01-01') + masking.setting_span(side || '_grace');
END
$$;
COMMENT ON FUNCTION masking.live_until(masking.orders, text, timestamptz) IS
  'Until when one side of an order reaches the other, if assigned at the given time. A completion in the future is a plan; the longest life is for orders without.';
