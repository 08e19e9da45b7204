CREATE OR REPLACE FUNCTION masking.call_tone(c masking.call_log) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT CASE
    WHEN c.talk_seconds > 0 THEN 'good'
    WHEN EXISTS (SELECT FROM masking.calls k JOIN masking.outcomes o ON o.kind = 'call' AND o.outcome = k.outcome
      WHERE k.call_uuid = c.call_uuid AND o.tone = 'bad') THEN 'bad'
    ELSE 'warn'
  END
$$;
COMMENT ON FUNCTION masking.call_tone(masking.call_log) IS 'good: somebody answered; bad: our fault; warn: neither.';
