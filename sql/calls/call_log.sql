-- The record for people who help customers: in words, without any phone number, so that whoever
-- may read it learns none; nor a link to a recording, in which people can be heard to say theirs.
CREATE OR REPLACE VIEW masking.call_log AS
SELECT l.called_at, o.order_id,
  coalesce(l.side, 'unknown') AS caller,
  CASE WHEN l.outcome = 'connected' THEN masking.other(l.side) END AS callee,
  CASE WHEN l.placed THEN coalesce('we rang the ' || l.side || ' first: ', '') ELSE '' END || coalesce((SELECT o.told FROM masking.outcomes o
    WHERE o.kind IN ('call', 'ringing', 'life') AND o.outcome = coalesce(l.became, l.outcome)), l.outcome) AS outcome,
  l.ring_seconds,
  CASE WHEN l.outcome = 'connected' THEN l.talk_seconds END AS talk_seconds,
  CASE
    WHEN l.hung_up_by = 'caller' THEN coalesce(l.side, 'caller')
    WHEN l.hung_up_by = 'callee' THEN coalesce(masking.other(l.side), 'callee')
    ELSE l.hung_up_by
  END AS hung_up_by,
  l.hangup_cause, l.hangup_code, l.cost, l.recording_seconds, l.repeats, l.call_uuid,
  l.proxy AS dialled, '**' || l.caller_digits AS caller_number, l.by_code
FROM masking.call_life l
LEFT JOIN LATERAL unnest(l.order_ids) AS o (order_id) ON true
WHERE (SELECT masking.support_reads('call_log'));

COMMENT ON VIEW masking.call_log IS
  'Every call, in words and without phone numbers of parties: one row per call and order it was about. The calls of one order: masking.order_calls().';
COMMENT ON COLUMN masking.call_log.called_at IS 'When Plivo first asked.';
COMMENT ON COLUMN masking.call_log.order_id IS 'An order the call was about; NULL: none.';
COMMENT ON COLUMN masking.call_log.caller IS 'customer, agent or unknown; of a call that we placed, who was rung first.';
COMMENT ON COLUMN masking.call_log.callee IS 'customer or agent; NULL: nobody was rung for an order.';
COMMENT ON COLUMN masking.call_log.outcome IS 'What became of the call, in words; of one that we placed, also who was rung first.';
COMMENT ON COLUMN masking.call_log.ring_seconds IS 'How long the callee''s phone rang; NULL: not told.';
COMMENT ON COLUMN masking.call_log.talk_seconds IS 'How long caller and callee, or his mailbox, were connected; NULL: not told, or not connected.';
COMMENT ON COLUMN masking.call_log.hung_up_by IS 'customer, agent, or as Plivo says it: plivo, carrier, …; NULL: not told, or the callee never took the call.';
COMMENT ON COLUMN masking.call_log.hangup_cause IS 'Why it ended, in Plivo''s words.';
COMMENT ON COLUMN masking.call_log.hangup_code IS 'The same as Plivo''s code, as 3010 for busy.';
COMMENT ON COLUMN masking.call_log.cost IS 'Both legs together, in the currency of the Plivo account.';
COMMENT ON COLUMN masking.call_log.recording_seconds IS 'How long the recording is; NULL: none. It lies at Plivo, by call_uuid; its address: recording_url of masking.calls, for the owner.';
COMMENT ON COLUMN masking.call_log.repeats IS 'How often Plivo asked again.';
COMMENT ON COLUMN masking.call_log.call_uuid IS 'Plivo''s CallUUID, as in Plivo''s own logs.';
COMMENT ON COLUMN masking.call_log.dialled IS 'The number of ours that was dialled.';
COMMENT ON COLUMN masking.call_log.by_code IS 'Whether the caller was taken for that side by the order''s code, and called from a phone that is not the order''s.';
COMMENT ON COLUMN masking.call_log.caller_number IS 'Two digits of who called, where nobody was reached for an order.';

-- Nothing in it identifies a person, so who runs the order system may show it.
GRANT SELECT ON masking.call_log TO masking_orders;
