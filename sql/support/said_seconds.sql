CREATE OR REPLACE FUNCTION masking.said_seconds(seconds double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT
AS $$
  SELECT CASE
    WHEN seconds < 60 THEN format('%s s', floor(seconds)::bigint)
    WHEN seconds < 3600 THEN format('%s min %s s', floor(seconds / 60)::bigint, floor(seconds)::bigint % 60)
    WHEN seconds < 172800 THEN format('%s h %s min', floor(seconds / 3600)::bigint, floor(seconds / 60)::bigint % 60)
    ELSE format('%s days', floor(seconds / 86400)::bigint)
  END
$$;
COMMENT ON FUNCTION masking.said_seconds(double precision) IS 'A length of time as people are told it.';

CREATE OR REPLACE FUNCTION masking.said_ago(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT
AS $$
  SELECT masking.said_seconds(greatest(extract(epoch FROM now() - at), 0)::double precision) || ' ago'
$$;
COMMENT ON FUNCTION masking.said_ago(timestamptz) IS 'How long ago something was.';
