-- A caller id can be forged, so what bounds guessing is the number: 30 wrong codes within ten minutes, and it takes none
-- for a while, right ones neither, from whomever they come. One guess hits less than one code in 33,333 (code_length), so
-- who guesses day and night on a number finds one in eight days; without the bound it took minutes. And whoever wants
-- to keep others from their codes has to go on: ten minutes after he stops, it is open.
CREATE OR REPLACE FUNCTION masking.is_closed_to_codes(on_proxy bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT count(*) >= 30 FROM (
    SELECT FROM masking.code_failures f
    WHERE f.proxy = on_proxy AND masking.is_recent(f.failed_at, interval '10 minutes')
    LIMIT 30) few);
END
$$;
COMMENT ON FUNCTION masking.is_closed_to_codes(bigint) IS
  'Whether so many wrong codes were entered on a number that it takes none for the moment.';

-- Five wrong codes of a caller within an hour, on whatever numbers. Those who hide their number are
-- many people, who cannot be told apart: together they have twenty on each number, and never
-- count for or against somebody who shows his.
CREATE OR REPLACE FUNCTION masking.is_locked_out(caller bigint, proxy bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF masking.is_closed_to_codes(proxy) THEN
    RETURN true;
  ELSIF caller IS NULL THEN
    RETURN (SELECT count(*) >= 20 FROM masking.code_failures f
      WHERE f.caller IS NULL AND f.proxy = is_locked_out.proxy AND masking.is_recent(f.failed_at, interval '1 hour'));
  END IF;
  RETURN (SELECT count(*) >= 5 FROM masking.code_failures f
    WHERE f.caller = is_locked_out.caller AND masking.is_recent(f.failed_at, interval '1 hour'));
END
$$;
COMMENT ON FUNCTION masking.is_locked_out(bigint, bigint) IS
  'Whether a caller, or all those who hide their number (NULL), entered too many wrong codes within an hour, or anybody on that number within ten minutes.';
