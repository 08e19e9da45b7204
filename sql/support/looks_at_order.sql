CREATE OR REPLACE FUNCTION masking.looks_at_order(wanted text)
RETURNS TABLE (who text, looked_at text, times bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Who looked at an order, at its list of calls, or at one of them, on the console or with explain(). What was asked by a
-- phone number is on record with two digits of it, which is no order. Reads console_log by its subject, and the order's calls.
--   who  support, the console
#variable_conflict use_column
DECLARE
  around record := masking.order_window(wanted);
BEGIN
  RETURN QUERY
  SELECT l.who, l.looked_at, count(*), min(l.at), max(l.at)
  FROM (
    SELECT k.who, CASE k.page WHEN 'calls' THEN 'the list of its calls' WHEN 'explain' THEN 'who reaches whom (SQL)' ELSE 'the order' END AS looked_at, k.looked_at AS at
    FROM masking.console_log k WHERE k.subject = wanted AND k.page IN ('order', 'calls', 'explain')
    UNION ALL
    SELECT k.who, 'a call of it', k.looked_at
    FROM masking.calls_about(wanted, around.begins, around.ends) c JOIN masking.console_log k ON k.subject = c.call_uuid AND k.page = 'call'
  ) l
  WHERE (SELECT masking.support_reads('console_log'))
  GROUP BY l.who, l.looked_at
  ORDER BY max(l.at) DESC;
END
$$;
COMMENT ON FUNCTION masking.looks_at_order(text) IS
  'Who looked at an order or its calls, and when: users of the console, and roles that asked explain(). They saw two digits of a number at most.';
GRANT EXECUTE ON FUNCTION masking.looks_at_order(text) TO masking_support;
