CREATE OR REPLACE FUNCTION masking.recent_calls(since interval, at_most integer)
RETURNS SETOF masking.call_life
LANGUAGE sql STABLE
AS $$
  -- No settings of its own, so that PostgreSQL puts it in place where it is asked.
  SELECT c.* FROM masking.call_life c
  WHERE c.called_at > now() - since
  ORDER BY c.called_at DESC
  LIMIT at_most
$$;
COMMENT ON FUNCTION masking.recent_calls(interval, integer) IS 'The latest calls, so many at most; by the index on their time.';

CREATE OR REPLACE FUNCTION masking.last_webhook() RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT greatest((SELECT c.called_at FROM masking.calls c ORDER BY c.called_at DESC LIMIT 1),
    (SELECT m.received_at FROM masking.messages m ORDER BY m.received_at DESC LIMIT 1))
$$;
COMMENT ON FUNCTION masking.last_webhook() IS 'When the last call or text came; NULL: never.';

CREATE OR REPLACE FUNCTION masking.somebody_could_call() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM masking.live_routes())
$$;
COMMENT ON FUNCTION masking.somebody_could_call() IS 'Whether any order connects calls now.';
