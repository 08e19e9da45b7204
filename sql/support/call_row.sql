CREATE OR REPLACE FUNCTION masking.call_columns() RETURNS masking.console_line
LANGUAGE sql STABLE
AS $$
  SELECT masking.line('columns', '', '', '', masking.said_zone('When'), 'Who called', 'Number', 'What became of it', 'Rang', 'Talked', 'Hung up by', 'Order')
$$;
COMMENT ON FUNCTION masking.call_columns() IS 'The head of a table of calls.';

CREATE OR REPLACE FUNCTION masking.call_row(wanted text) RETURNS masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- A call as a row of such a table, by Plivo's CallUUID. Reads one row of calls by its key.
DECLARE
  c masking.call_life;
  l masking.call_log;
  orders text;
BEGIN
  SELECT * INTO c FROM masking.call_life f WHERE f.call_uuid = wanted;
  SELECT * INTO l FROM masking.call_log f WHERE f.call_uuid = wanted LIMIT 1;
  orders := array_to_string(c.order_ids[1:3], ', ') || CASE WHEN cardinality(c.order_ids) > 3 THEN ', …' ELSE '' END;
  RETURN masking.line('row', masking.call_tone(l), 'call', c.call_uuid,
    masking.said_clock(c.called_at),
    l.caller || CASE WHEN c.caller_digits IS NOT NULL THEN ' (**' || right(c.caller_digits, 2) || ')' ELSE '' END,
    coalesce(c.proxy::text, 'unusable'), l.outcome,
    masking.said_seconds(l.ring_seconds), masking.said_seconds(l.talk_seconds), l.hung_up_by, orders);
END
$$;
COMMENT ON FUNCTION masking.call_row(text) IS 'One call as a line of a page.';
