CREATE OR REPLACE FUNCTION masking.said_text(outcome text, told text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce((SELECT o.told FROM masking.outcomes o WHERE o.kind = 'text' AND o.outcome = said_text.outcome), replace(outcome, '_', ' '))
    || CASE outcome WHEN 'forwarded' THEN coalesce((
      SELECT ', but for ' || o.briefly FROM masking.outcomes o WHERE o.kind = 'text' AND o.event = said_text.told), '')
    ELSE '' END
    || CASE WHEN told IS NOT NULL THEN '; the writer was told so' ELSE '' END
$$;
COMMENT ON FUNCTION masking.said_text(text, text) IS
  'What became of a text, in words; told: what its writer was sent, as in messages.';
GRANT EXECUTE ON FUNCTION masking.said_text(text, text) TO masking_orders, masking_support;

-- A plain SQL function, put in place where it is asked.
CREATE OR REPLACE FUNCTION masking.has_failed(status text, error_code integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT status IN ('failed', 'rejected', 'undelivered') OR status = 'other' AND coalesce(error_code > 0, false)
$$;
COMMENT ON FUNCTION masking.has_failed(text, integer) IS 'Whether Plivo gave a message up, as deliveries has it.';
GRANT EXECUTE ON FUNCTION masking.has_failed(text, integer) TO masking_orders, masking_support; -- who read message_log

CREATE OR REPLACE FUNCTION masking.said_text_error(code integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT coalesce(CASE code
    WHEN 10 THEN 'the carrier did not accept what was written'
    WHEN 20 THEN 'the carrier''s network had a fault: try again later'
    WHEN 30 THEN 'the carrier took it for spam'
    WHEN 40 THEN 'our number cannot send texts, or is no longer of the Plivo account'
    WHEN 50 THEN 'the receiver''s number does not exist, or takes no texts'
    WHEN 60 THEN 'a loop: the two numbers send each other the same'
    WHEN 70 THEN 'the receiver''s phone takes no texts'
    WHEN 80 THEN 'the receiver''s phone was off or out of reach'
    WHEN 90 THEN 'Plivo has no way to the receiver''s network'
    WHEN 100 THEN 'the carrier forbids such texts'
    WHEN 110 THEN 'it was too long'
    WHEN 200 THEN 'the receiver takes no texts (STOP)'
    WHEN 201 THEN 'a toll-free number of the United States may not write to Canada'
    WHEN 300 THEN 'Plivo could not send it off'
    WHEN 420 THEN 'it could not be delivered in time'
    WHEN 450 THEN 'the Plivo account may not write to that country: allow it in Plivo''s console'
    WHEN 900 THEN 'the Plivo account is out of credit: top it up'
    WHEN 910 THEN 'the Plivo account is disabled'
    WHEN 1000 THEN 'Plivo does not know why'
  END || format(' (%s)', code), format('Plivo''s error %s', code))
$$;
COMMENT ON FUNCTION masking.said_text_error(integer) IS 'Plivo''s error code of a text as people read it: in words, with the code behind.';
GRANT EXECUTE ON FUNCTION masking.said_text_error(integer) TO masking_orders, masking_support; -- who read message_log

-- As call_log: whoever may read it learns no number, and no word of a text.
CREATE OR REPLACE VIEW masking.message_log AS
SELECT m.received_at, o.order_id, coalesce(m.side, 'unknown') AS writer,
  masking.said_text(m.outcome, m.told) AS outcome, became.words AS delivery,
  m.proxy AS written_to, m.repeats, m.message_uuid
FROM masking.messages m
LEFT JOIN LATERAL unnest(m.order_ids) AS o (order_id) ON true
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN bool_or(d.error_code = 200) THEN 'not delivered: the other side takes no texts (STOP)'
    WHEN bool_or(f.has_failed) THEN 'not delivered' || coalesce(': ' || masking.said_text_error(min(d.error_code) FILTER (WHERE f.has_failed)), '')
    WHEN count(*) FILTER (WHERE d.status IN ('delivered', 'read')) = max(d.parts) THEN 'delivered'
    WHEN bool_or(d.status = 'other') THEN 'not known: Plivo told a status that is new here'
    -- Plivo gives up after hours; where carriers send no receipts, sent is the last word.
    WHEN max(d.told_at) < now() - interval '1 day' AND bool_and(d.status = 'sent') THEN 'sent; whether it arrived was not told'
    WHEN max(d.told_at) < now() - interval '1 day' THEN 'not known: Plivo told no more of it'
    WHEN count(*) > 0 THEN 'on its way'
  END AS words
  FROM masking.deliveries d
  CROSS JOIN LATERAL (SELECT masking.has_failed(d.status, d.error_code) AS has_failed) f
  WHERE d.message_uuid = m.message_uuid
) became
WHERE (SELECT masking.support_reads('message_log'));
COMMENT ON VIEW masking.message_log IS
  'Every text message, in words, without its text and without phone numbers of parties: one row per message and order it was about.';
COMMENT ON COLUMN masking.message_log.received_at IS 'When Plivo first told of it.';
COMMENT ON COLUMN masking.message_log.order_id IS 'An order that it was about; NULL: none.';
COMMENT ON COLUMN masking.message_log.writer IS 'customer, agent or unknown.';
COMMENT ON COLUMN masking.message_log.outcome IS 'What became of it here, in words.';
COMMENT ON COLUMN masking.message_log.delivery IS 'What became of it at the other side, in words; NULL: Plivo told nothing.';
COMMENT ON COLUMN masking.message_log.written_to IS 'The number of ours that it was written to.';
COMMENT ON COLUMN masking.message_log.repeats IS 'How often Plivo told of it again.';
COMMENT ON COLUMN masking.message_log.message_uuid IS 'Plivo''s MessageUUID, as in Plivo''s own logs.';
GRANT SELECT ON masking.message_log TO masking_orders, masking_support;
