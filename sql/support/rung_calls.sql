-- The calls that were put through, by who was rung: what calls_by_country, the console's first page and the
-- gauges say of countries is made of these.

CREATE OR REPLACE FUNCTION masking.rung_calls(since timestamptz, until timestamptz)
RETURNS TABLE (call_uuid text, called_at timestamptz, proxy bigint, digits text, class text, hangup_code integer)
LANGUAGE sql STABLE
AS $$
  -- No settings of its own, so that PostgreSQL puts it in place where it is asked. Reads calls by time, and routes by
  -- order: for small windows only.
  SELECT l.call_uuid, l.called_at, l.proxy, left(r.callee::text, 3), l.class, l.hangup_code
  FROM masking.call_life l
  -- (OFFSET 0: route by route, by their key, or a few thousand calls have it read all routes.)
  LEFT JOIN LATERAL (
    SELECT r.callee FROM masking.routes r WHERE r.order_id = ANY (l.order_ids) AND r.route_id = l.route_id AND r.callee > 0 OFFSET 0
  ) r ON true
  WHERE l.called_at > since AND l.called_at <= until AND l.outcome = 'connected'
$$;
COMMENT ON FUNCTION masking.rung_calls(timestamptz, timestamptz) IS
  'The calls of a time that were put through: the first three digits of who was rung (NULL: forgotten, or a code of an order that waits connected it), what became of it, Plivo''s code.';

CREATE OR REPLACE FUNCTION masking.calling_code(digits text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- No calling code is the beginning of another, and none is longer than three digits.
  SELECT n.code FROM masking.number_lengths n WHERE n.code IN (left(digits, 1), left(digits, 2), left(digits, 3)) LIMIT 1
$$;
COMMENT ON FUNCTION masking.calling_code(text) IS 'The calling code with which a number begins, of its first three digits; NULL: none.';

CREATE OR REPLACE FUNCTION masking.country_name(code text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.name FROM masking.countries k WHERE k.code = country_name.code AND k.is_main ORDER BY k.is_own DESC, k.country LIMIT 1
$$;
COMMENT ON FUNCTION masking.country_name(text) IS 'The country of a calling code, the largest of those that share it; NULL: none.';
