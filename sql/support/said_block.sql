CREATE OR REPLACE FUNCTION masking.said_block(callee bigint) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN callee > 0 AND NOT masking.may_dial(callee)
    THEN 'the other side''s number begins with a prefix that may not be dialled' ELSE 'blocked' END
$$;
COMMENT ON FUNCTION masking.said_block(bigint) IS 'Why a route is blocked, in words: for whom it rings, or for a block.';
