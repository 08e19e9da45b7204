-- Five wrong codes of a caller within an hour, on whatever numbers. Those who hide their number are
-- many people, who cannot be told apart: together they have twenty on each number, and never
-- count for or against somebody who shows his. What is an hour ahead was counted by a clock that was set back since.
CREATE OR REPLACE FUNCTION masking.is_locked_out(caller bigint, proxy bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF caller IS NULL THEN
    RETURN (SELECT count(*) >= 20 FROM masking.code_failures f
      WHERE f.caller IS NULL AND f.proxy = is_locked_out.proxy AND f.failed_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour');
  END IF;
  RETURN (SELECT count(*) >= 5 FROM masking.code_failures f
    WHERE f.caller = is_locked_out.caller AND f.failed_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour');
END
$$;
COMMENT ON FUNCTION masking.is_locked_out(bigint, bigint) IS
  'Whether a caller, or all those who hide their number (NULL), entered too many wrong codes within an hour.';
