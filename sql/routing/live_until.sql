CREATE OR REPLACE FUNCTION masking.live_until(o masking.orders, side text, assigned timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF o.agent_number IS NULL OR o.customer_number IS NULL OR o.cancelled_at IS NOT NULL THEN
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
