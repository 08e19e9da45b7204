CREATE OR REPLACE FUNCTION masking.as_answer(c masking.calls) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_build_object('answered_at', c.answered_at, 'outcome', c.outcome, 'ask', c.ask, 'side', c.side,
    'order_ids', c.order_ids, 'route_id', c.route_id, 'caller_hash', c.caller_hash, 'caller_digits', c.caller_digits)
$$;
COMMENT ON FUNCTION masking.as_answer(masking.calls) IS 'The answer in a row of calls, as an element of earlier_answers.';

CREATE OR REPLACE FUNCTION masking.earlier_answers(before masking.calls, new_ask bigint, new_outcome text, new_route bigint)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  -- An ask that was answered twice got one answer: the first one's way to the server was cut. Of
  -- apologies each is kept: by its ask a statement of that ask that comes late is known.
  SELECT CASE
    WHEN before.ask IS NULL OR before.ask = new_ask
      OR before.outcome = new_outcome AND before.route_id IS NOT DISTINCT FROM new_route
        AND new_outcome <> 'apologised'
    THEN before.earlier_answers
    ELSE coalesce(before.earlier_answers, '[]') || masking.as_answer(before)
  END
$$;
COMMENT ON FUNCTION masking.earlier_answers(masking.calls, bigint, text, bigint) IS
  'The row''s earlier_answers once an ask is given a new answer: longer by one if that answer differs.';

CREATE OR REPLACE FUNCTION masking.was_apologised(c masking.calls, the_ask bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT c.outcome = 'apologised' AND c.ask = the_ask
    OR c.earlier_answers IS NOT NULL
      AND c.earlier_answers @> jsonb_build_array(jsonb_build_object('outcome', 'apologised', 'ask', the_ask))
$$;
COMMENT ON FUNCTION masking.was_apologised(masking.calls, bigint) IS
  'Whether it is on record that the caller of this ask heard the apology.';
