CREATE OR REPLACE FUNCTION masking.elsewhere(the_caller bigint, dialled bigint, at timestamptz DEFAULT NULL,
  OUT outcome text, OUT callee bigint, OUT dials bigint, OUT shows bigint, OUT side text, OUT route_id bigint, OUT order_ids text[], OUT blocked boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Whom a caller, or a writer, reaches on numbers other than the one he dialled. at: a moment of the past; NULL: now.
-- outcome:
--   NULL          nobody
--   other_number  somebody: he is to dial that order's number
--   blocked       one person, whom he may not call
--   connected     one person, and the setting any_number connects: shows is the number that his latest order shows
--   reads  routes (by caller and end of live), proxy_numbers, settings
--   who    stranger, call_way, explain_route
#variable_conflict use_column
DECLARE
  callees bigint;
BEGIN
  SELECT count(DISTINCT r.callee), max(r.callee), max(coalesce(r.dials, r.callee)),
    (array_agg(r.proxy ORDER BY r.former, lower(r.live) DESC))[1], (array_agg(r.side ORDER BY r.former, lower(r.live) DESC))[1],
    (array_agg(r.route_id ORDER BY r.former, lower(r.live) DESC))[1], array_agg(DISTINCT r.order_id), bool_or(r.blocked)
  INTO callees, callee, dials, shows, side, route_id, order_ids, blocked
  FROM masking.routes r
  WHERE r.caller = the_caller AND masking.was_live(r.live, r.closed, at) AND r.proxy <> dialled;
  outcome := CASE WHEN callees > 0 THEN 'other_number' END;
  IF callees <> 1 OR masking.person(shows) = callee OR callee = masking.person(dialled) OR masking.person(shows) = the_caller THEN
    callee := NULL;
  ELSIF blocked THEN
    outcome := 'blocked';
  ELSIF masking.setting_on('any_number') AND masking.is_proxy(dialled) THEN
    outcome := 'connected';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.elsewhere(bigint, bigint, timestamptz) IS
  'What becomes of a caller who reaches somebody on another number than the one he dialled; NULL: nobody there either.';
