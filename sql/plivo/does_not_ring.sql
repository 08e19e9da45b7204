CREATE OR REPLACE FUNCTION masking.does_not_ring(kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT kind IN ('gone', 'lost', 'voice')
$$;
COMMENT ON FUNCTION masking.does_not_ring(text) IS 'Whether a number that differs at Plivo so (pool_drift.kind) is one whose calls do not come here.';
