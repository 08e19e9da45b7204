CREATE OR REPLACE FUNCTION masking.said_reason(f masking.finding) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- A word that the table does not have is said as it is.
  SELECT coalesce('order ' || f.order_id || ': ', '') || replace(replace(replace(replace(
    coalesce((SELECT r.sentence FROM masking.reasons r WHERE r.reason = f.reason), f.reason),
    '{time}', coalesce(masking.said_time(f.since), '')), '{digits}', coalesce(f.digits, '')), '{side}', coalesce(f.side, 'caller')),
    '{other}', coalesce(masking.other(f.side), 'other side'))
$$;
COMMENT ON FUNCTION masking.said_reason(masking.finding) IS 'A finding as people read it: its order, and the sentence of its reason.';

CREATE OR REPLACE FUNCTION masking.said_reason_alone(f masking.finding) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT masking.as_sentence(s.words)
  FROM masking.said_reason((f.reason, NULL, f.since, f.side, f.digits)) AS s (words)
$$;
COMMENT ON FUNCTION masking.said_reason_alone(masking.finding) IS 'The same as a sentence of its own, on a page that is about the order.';

CREATE OR REPLACE FUNCTION masking.next_step(word text) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT coalesce((SELECT r.next_step FROM masking.reasons r WHERE r.reason = word), 'Check the two numbers, and look at the order.')
$$;
COMMENT ON FUNCTION masking.next_step(text) IS 'What to do about a reason, and who.';

GRANT EXECUTE ON FUNCTION masking.said_reason(masking.finding) TO masking_orders, masking_support;
