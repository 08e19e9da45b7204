CREATE OR REPLACE FUNCTION masking.call_columns() RETURNS masking.console_line
LANGUAGE sql STABLE
AS $$
  SELECT masking.line('columns', '', 'order', '8', masking.said_zone('When'), 'Who called', 'Number', 'What became of it', 'Rang', 'Talked', 'Hung up by', 'Order')
$$;
COMMENT ON FUNCTION masking.call_columns() IS 'The head of a table of calls.';

CREATE OR REPLACE FUNCTION masking.call_words(l masking.call_log) RETURNS text
LANGUAGE sql STABLE
AS $$
  -- (These codes say no more than the outcome does.)
  SELECT l.outcome || CASE WHEN l.hangup_code NOT IN (1000, 3000, 3010, 4000, 4010, 6010, 9110) THEN ': ' || masking.said_cause(l.hangup_code) ELSE '' END
$$;
COMMENT ON FUNCTION masking.call_words(masking.call_log) IS 'What became of a call, and Plivo''s cause where that says more.';

CREATE OR REPLACE FUNCTION masking.said_orders(order_ids text[]) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT array_to_string(order_ids[1:3], E'\n') || CASE WHEN cardinality(order_ids) > 3 THEN format(E'\nand %s more', cardinality(order_ids) - 3) ELSE '' END
$$;
COMMENT ON FUNCTION masking.said_orders(text[]) IS 'The first orders of a call, one a line, as a cell of links.';

CREATE OR REPLACE FUNCTION masking.call_row(wanted text) RETURNS masking.console_line
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- A call as a row of such a table, by Plivo's CallUUID. Reads one row of calls by its key.
DECLARE
  c masking.call_life;
  l masking.call_log;
BEGIN
  SELECT * INTO c FROM masking.call_life f WHERE f.call_uuid = wanted;
  SELECT * INTO l FROM masking.call_log f WHERE f.call_uuid = wanted LIMIT 1;
  RETURN masking.line('row', masking.class_tone(c.class), 'call', c.call_uuid,
    masking.said_clock(c.called_at),
    l.caller || CASE WHEN c.by_code THEN ', by the order''s code' ELSE '' END || CASE WHEN c.caller_digits IS NOT NULL THEN ' (**' || right(c.caller_digits, 2) || ')' ELSE '' END,
    coalesce(c.proxy::text, 'unusable'), masking.call_words(l),
    masking.said_seconds(l.ring_seconds), masking.said_seconds(l.talk_seconds), l.hung_up_by, masking.said_orders(c.order_ids));
END
$$;
COMMENT ON FUNCTION masking.call_row(text) IS 'One call as a line of a page.';
