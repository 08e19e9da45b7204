CREATE OR REPLACE FUNCTION masking.elsewhere(the_caller bigint, dialled bigint, at timestamptz DEFAULT NULL,
  OUT callees bigint, OUT callee bigint, OUT shows bigint, OUT side text, OUT route_id bigint, OUT order_ids text[], OUT blocked boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Whom a caller reaches on numbers other than the one he dialled: how many people, and where it is
-- one, who that is and the number that his latest order shows. at: a moment of the past; NULL: now.
--   reads  routes (by caller and end of live)
--   who    stranger, explain_route
#variable_conflict use_column
BEGIN
  SELECT count(DISTINCT masking.person(r.callee)), max(r.callee),
    (array_agg(r.proxy ORDER BY lower(r.live) DESC))[1], (array_agg(r.side ORDER BY lower(r.live) DESC))[1],
    max(r.route_id), array_agg(r.order_id), bool_or(r.blocked)
  INTO callees, callee, shows, side, route_id, order_ids, blocked
  FROM masking.routes r
  WHERE r.caller = the_caller AND upper(r.live) > coalesce(at, now()) AND r.proxy <> dialled
    AND (NOT r.closed OR at IS NOT NULL AND upper(r.live) <= now())
    AND (at IS NULL OR lower(r.live) <= at);
  IF callees <> 1 OR masking.person(shows) = masking.person(callee) OR masking.person(callee) = masking.person(dialled) OR masking.person(shows) = the_caller THEN
    callee := NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.elsewhere(bigint, bigint, timestamptz) IS
  'How many people a caller reaches on other numbers; where it is one, whom, and what that order shows.';
