-- The server has a path for each: server/endpoints.def.
CREATE OR REPLACE FUNCTION masking.code_tries() RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$
  SELECT 3
$$;
COMMENT ON FUNCTION masking.code_tries() IS 'How many codes may be entered in one call.';

CREATE OR REPLACE FUNCTION masking.code_length(on_proxy bigint, at timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
-- Guessing must not pay. A call has code_tries(), and a code of L digits is made only while
-- fewer than one in so many times 10,000 of all texts of L digits is a code on that number: so its guesses
-- of that length hit one with less than 1 in 10,000, and where many orders share a number codes
-- get longer by themselves. Beyond 3,333 codes of eight digits they have eleven, of which there may
-- be 3 million: so no more than 3,702 rows are ever counted.
--   reads  codes on this number, and those for every number, which add to all of them
DECLARE
  most bigint;
  alive bigint;
BEGIN
  FOR digits IN 5..8 LOOP
    most := (10::bigint ^ digits - 1)::bigint / (10000 * masking.code_tries());
    IF on_proxy IS NULL THEN
      SELECT count(*) INTO alive FROM (
        SELECT FROM masking.codes c WHERE length(c.code) = digits AND masking.is_live(c.live, c.closed, at) LIMIT most) few;
    ELSE
      -- Two questions, not one with OR: that could not use an index.
      SELECT count(*) INTO alive FROM (
        SELECT FROM masking.codes c
        WHERE c.proxy = on_proxy AND length(c.code) = digits AND masking.is_live(c.live, c.closed, at)
        UNION ALL
        SELECT FROM masking.codes c
        WHERE c.proxy IS NULL AND length(c.code) = digits AND masking.is_live(c.live, c.closed, at)
        LIMIT most) few;
    END IF;
    IF alive < most THEN
      RETURN digits;
    END IF;
  END LOOP;
  RETURN 11;
END
$$;
COMMENT ON FUNCTION masking.code_length(bigint, timestamptz) IS
  'How many digits the next code on a number has.';
