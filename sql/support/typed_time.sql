CREATE OR REPLACE FUNCTION masking.typed_time(typed text) RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- What somebody typed as a time, in the session's zone: 19:42 (the last one), 2026-11-25 19:42,
-- 2026-11-25T19:42:10. NULL for nothing and for anything else. Reads nothing.
DECLARE
  at timestamptz;
BEGIN
  IF typed ~ '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$' THEN
    at := (to_char(current_date, 'YYYY-MM-DD ') || typed)::timestamptz;
    RETURN CASE WHEN at > now() + interval '1 minute' THEN at - interval '1 day' ELSE at END;
  ELSIF typed ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?$' THEN
    RETURN typed::timestamptz;
  END IF;
  RETURN NULL;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.typed_time(text) IS 'A time that somebody typed, in the session''s zone; NULL: it is none.';
