CREATE OR REPLACE FUNCTION masking.call_tone(c masking.call_log) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN c.talk_seconds > 0 THEN 'good'
    WHEN c.outcome ~ 'database was away' THEN 'bad'
    ELSE 'warn'
  END
$$;
COMMENT ON FUNCTION masking.call_tone(masking.call_log) IS 'good: somebody answered; bad: our fault; warn: neither.';
