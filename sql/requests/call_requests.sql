-- What the order system writes and reads. What became of a call that was placed is what calls say.
CREATE OR REPLACE VIEW masking.call_requests AS
SELECT r.request_id, r.order_id, r.side, r.first::text AS number, r.requested_at, r.expires_at,
  CASE
    WHEN r.state = 'requested' AND r.expires_at <= now() OR l.outcome = 'request_expired' THEN 'expired'
    WHEN r.state <> 'ringing' THEN r.state
    WHEN l.answered THEN 'connected'
    WHEN l.outcome IN ('connected', 'ask_key', 'not_asked', 'first_busy', 'first_no_answer', 'first_failed') IS NOT FALSE THEN
      CASE WHEN l.has_ended OR r.ended_at IS NOT NULL THEN 'unanswered' ELSE 'ringing' END
    WHEN l.outcome = 'apologised' THEN 'failed'
    ELSE 'refused'
  END AS state,
  coalesce(r.reason, CASE WHEN l.answered OR l.outcome = 'not_asked' THEN NULL
    WHEN l.outcome = 'ask_key' AND l.has_ended IS NOT TRUE THEN NULL ELSE l.became END) AS reason,
  r.call_uuid
FROM masking.requests r
LEFT JOIN masking.call_life l ON l.call_uuid = r.call_uuid
WHERE (SELECT masking.support_reads('call_requests'));

COMMENT ON VIEW masking.call_requests IS
  'Calls to be placed: INSERT order_id and side, and that side is rung first, then the other. While one is open for an order and a side, another INSERT gives that one.';
COMMENT ON COLUMN masking.call_requests.request_id IS 'Names the request; chosen here.';
COMMENT ON COLUMN masking.call_requests.order_id IS 'The order that the two are to talk about.';
COMMENT ON COLUMN masking.call_requests.side IS 'Who is rung first: customer or agent.';
COMMENT ON COLUMN masking.call_requests.number IS
  'Which phone of that side is rung: the one that the INSERT names (one of order_phones), else its main one; NULL: the request has ended.';
COMMENT ON COLUMN masking.call_requests.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN masking.call_requests.expires_at IS 'Until when it may be placed and answered: 30 seconds later, unless the order system says otherwise, 10 minutes at most.';
COMMENT ON COLUMN masking.call_requests.state IS
  'requested, placing, ringing (the first phone or the other), connected (the other answered, also afterwards), unanswered (the first or the other did not), failed (Plivo refuses it, or we could not answer Plivo), refused (the two may not talk any more), expired, unknown (nobody knows whether Plivo has it: it is not placed again).';
COMMENT ON COLUMN masking.call_requests.reason IS
  'Why not: of failed Plivo''s words, without digits; else the word for what became of the call, as in outcomes: first_busy, ask_key (nobody pressed the key), busy, no-answer, blocked, ….';
COMMENT ON COLUMN masking.call_requests.call_uuid IS 'Plivo''s CallUUID, as in call_log; NULL: no word of it yet.';
GRANT SELECT, INSERT ON masking.call_requests TO masking_orders;
-- Without the number.
GRANT SELECT (request_id, order_id, side, requested_at, expires_at, state, reason, call_uuid) ON masking.call_requests TO masking_support;

CREATE OR REPLACE TRIGGER written INSTEAD OF INSERT ON masking.call_requests
FOR EACH ROW EXECUTE FUNCTION masking.call_requests_written();
