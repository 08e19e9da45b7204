-- Whether a route or a code connects. Plain SQL functions, put in place where they are asked: the
-- condition on upper(live) is what the indexes routes_of_caller and codes_on_number answer.
CREATE OR REPLACE FUNCTION masking.is_live(live tstzrange, closed boolean, at timestamptz DEFAULT now()) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT upper(live) > at AND NOT closed
$$;
COMMENT ON FUNCTION masking.is_live(tstzrange, boolean, timestamptz) IS
  'Whether what is live then, and closed or not, connects at this moment (at: the present, by whatever clock the caller goes by).';

CREATE OR REPLACE FUNCTION masking.was_live(live tstzrange, closed boolean, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT upper(live) > coalesce(at, now()) AND (at IS NULL OR lower(live) <= at) AND (NOT closed OR upper(live) <= now())
$$;
COMMENT ON FUNCTION masking.was_live(tstzrange, boolean, timestamptz) IS
  'Whether it connected at a moment of the past; at NULL: whether it does now. What was closed counts until it was; never for a time that the clock, set back, says is still to come.';

CREATE OR REPLACE FUNCTION masking.live_routes() RETURNS SETOF masking.routes
LANGUAGE sql STABLE
AS $$
  -- What lives is held, and has an index by that: routes_held.
  SELECT r.* FROM masking.routes r
  WHERE r.caller > 0 AND upper(r.held) > now() AND masking.is_live(r.live, r.closed)
$$;
COMMENT ON FUNCTION masking.live_routes() IS 'All routes that connect now.';
