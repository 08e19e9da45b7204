-- A plain SQL function, put in place where it is asked.
CREATE OR REPLACE FUNCTION masking.is_recent(at timestamptz, span interval) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT at BETWEEN now() - span AND now() + span
$$;
COMMENT ON FUNCTION masking.is_recent(timestamptz, interval) IS
  'Whether something was within this span; what is further ahead than that was noted by a clock that was set back since.';
