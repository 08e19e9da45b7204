CREATE OR REPLACE FUNCTION masking.as_answer(c masking.calls) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_build_object('answered_at', c.answered_at, 'outcome', c.outcome, 'ask', c.ask, 'side', c.side,
    'order_ids', c.order_ids, 'route_id', c.route_id, 'caller_hash', c.caller_hash, 'caller_digits', c.caller_digits)
$$;
COMMENT ON FUNCTION masking.as_answer(masking.calls) IS 'The answer in a row of calls, as an element of earlier_answers.';

CREATE OR REPLACE FUNCTION masking.earlier_answers(before masking.calls, new_ask bigint, same jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  -- Each ask is in the list once, or is the row's own: so its apology is known from its answer, and
  -- whatever comes of it later is no repeat.
  SELECT CASE
    WHEN (before.ask IS NULL OR before.ask = new_ask) AND same IS NULL THEN before.earlier_answers
    ELSE (
      SELECT jsonb_agg(e.value ORDER BY (e.value ->> 'answered_at')::timestamptz, e.place)
      FROM jsonb_array_elements(coalesce(before.earlier_answers, '[]')
        || CASE WHEN before.ask <> new_ask THEN jsonb_build_array(masking.as_answer(before)) ELSE '[]' END
        || coalesce(masking.new_answers(before, same), '[]')) WITH ORDINALITY AS e (value, place)
      WHERE (e.value ->> 'ask')::bigint <> new_ask)
  END
$$;
COMMENT ON FUNCTION masking.earlier_answers(masking.calls, bigint, jsonb) IS
  'The row''s earlier_answers once it holds the answer to this ask. same: what others got in the same statement.';

CREATE OR REPLACE FUNCTION masking.new_answers(c masking.calls, answers jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
  SELECT jsonb_agg(a) FROM jsonb_array_elements(answers) a WHERE NOT masking.was_asked(c, (a ->> 'ask')::bigint)
$$;
COMMENT ON FUNCTION masking.new_answers(masking.calls, jsonb) IS 'Those of the answers whose asks are not on record.';

CREATE OR REPLACE FUNCTION masking.was_asked(c masking.calls, the_ask bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT c.ask IS NOT DISTINCT FROM the_ask
    OR c.earlier_answers IS NOT NULL AND c.earlier_answers @> jsonb_build_array(jsonb_build_object('ask', the_ask))
$$;
COMMENT ON FUNCTION masking.was_asked(masking.calls, bigint) IS 'Whether it is on record what this ask was answered.';

CREATE OR REPLACE FUNCTION masking.is_settled(c masking.calls, the_ask bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT c.outcome = 'apologised' AND c.ask = the_ask
    OR c.earlier_answers IS NOT NULL AND c.earlier_answers @> jsonb_build_array(jsonb_build_object('ask', the_ask))
$$;
COMMENT ON FUNCTION masking.is_settled(masking.calls, bigint) IS
  'Whether the caller of this ask heard the apology, or another ask was answered after it: an answer that comes now, late, was not heard.';

CREATE OR REPLACE FUNCTION masking.was_apologised(c masking.calls, the_ask bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT c.outcome = 'apologised' AND c.ask = the_ask
    OR c.earlier_answers IS NOT NULL
      AND c.earlier_answers @> jsonb_build_array(jsonb_build_object('outcome', 'apologised', 'ask', the_ask))
$$;
COMMENT ON FUNCTION masking.was_apologised(masking.calls, bigint) IS
  'Whether it is on record that the caller of this ask heard the apology.';
