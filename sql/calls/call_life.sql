CREATE OR REPLACE VIEW masking.call_life AS
SELECT c.call_uuid, c.called_at, c.outcome, c.proxy, c.side, c.order_ids, c.caller_digits, c.repeats, c.recording_seconds,
  c.dial_status, l.rang, l.answered, l.answered AND c.callee_confirmed IS TRUE AS talked, l.mailbox,
  coalesce(c.callee_rang_seconds, CASE WHEN c.dial_status IS NOT NULL AND c.placed IS NULL THEN c.caller_rang_seconds END) AS ring_seconds,
  CASE l.answered WHEN true THEN coalesce(c.callee_seconds, CASE WHEN c.placed IS NULL THEN c.caller_seconds END) WHEN false THEN 0 END AS talk_seconds,
  c.caller_seconds AS call_seconds,
  num_nonnulls(c.dial_status, c.callee_ended, c.caller_ended) > 0 AS has_ended,
  CASE
    WHEN h.source IN ('callee', 'call recipient') THEN CASE WHEN l.answered IS NOT FALSE THEN 'callee' END
    ELSE h.source
  END AS hung_up_by,
  CASE WHEN l.answered THEN coalesce(c.caller_cause, c.callee_cause)
    ELSE coalesce(c.callee_cause, c.dial_cause, c.caller_cause) END AS hangup_cause,
  CASE WHEN l.answered THEN coalesce(c.caller_code, c.callee_code)
    ELSE coalesce(c.callee_code, c.caller_code) END AS hangup_code,
  CASE WHEN num_nonnulls(c.caller_cost, c.callee_cost) > 0
    THEN coalesce(c.caller_cost, 0) + coalesce(c.callee_cost, 0) END AS cost,
  b.became,
  c.route_id, c.placed,
  coalesce(k.class, 'turned_away') AS class,
  c.side IS NOT NULL AND c.earlier_answers IS NOT NULL AND (c.earlier_answers @> '[{"outcome": "ask_code"}]' OR c.earlier_answers @> '[{"outcome": "wrong_code"}]') AS by_code
FROM masking.calls c
-- caller_… is the caller's leg, callee_… the callee's, dial_… the end of the dialling. Unless
-- somebody answered, the callee's leg tells why: the caller's only says that our sentence came to
-- its end. Nobody hung up where nobody took the call: Plivo says "Callee" then, of a busy line, a
-- phone that rang on, a mailbox that pressed no key (9110). Where the end of the caller's leg is all
-- that is told, it lasted as long as somebody talked with him; but where we placed it he listened to us first.
CROSS JOIN LATERAL (
  SELECT m.mailbox, a.answered, CASE WHEN a.answered OR m.mailbox THEN true ELSE c.dial_rang END AS rang
  FROM (SELECT coalesce(c.callee_code = 9110, false) AS mailbox) m
  CROSS JOIN LATERAL (SELECT CASE
    WHEN m.mailbox THEN false
    WHEN c.callee_answered OR c.dial_status = 'completed' OR c.callee_seconds > 0 THEN true
    WHEN c.dial_status IS NOT NULL OR c.callee_ended THEN false
    WHEN c.outcome = 'connected' AND c.caller_ended AND c.placed IS NULL THEN coalesce(c.caller_seconds > 0, false)
  END AS answered) a) l
CROSS JOIN LATERAL (
  SELECT lower(CASE
    WHEN c.dial_status = 'cancel' THEN 'caller'
    WHEN c.placed THEN coalesce(c.callee_source, CASE WHEN c.caller_source !~* '^call' THEN c.caller_source END)
    WHEN l.answered THEN coalesce(c.caller_source, c.callee_source)
    ELSE coalesce(c.callee_source, c.caller_source)
  END COLLATE "C") COLLATE "default" AS source) h
-- (Joins, not questions for each call: of a day's calls they take a twentieth of the time.)
LEFT JOIN masking.outcomes w ON w.kind = 'ringing' AND w.outcome = c.dial_status
CROSS JOIN LATERAL (SELECT CASE
  WHEN c.outcome <> 'connected' THEN c.outcome
  WHEN l.answered AND c.callee_confirmed THEN 'talked'
  WHEN l.answered THEN 'answered'
  WHEN l.mailbox THEN 'mailbox'
  -- (Any other word of Plivo's is a failure.)
  WHEN c.dial_status IS NOT NULL THEN coalesce(w.outcome, 'failed')
  WHEN num_nonnulls(c.callee_ended, c.caller_ended) > 0 THEN 'ended'
END AS became) b
LEFT JOIN masking.outcomes k ON k.class IS NOT NULL AND k.outcome = coalesce(b.became, c.outcome);

COMMENT ON VIEW masking.call_life IS
  'What became of a call, read out of what Plivo told: one row per row of calls. Whether it was answered is said here, and nowhere else.';
COMMENT ON COLUMN masking.call_life.call_uuid IS 'Which call; so are the next ones, as in calls.';
COMMENT ON COLUMN masking.call_life.called_at IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.outcome IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.proxy IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.side IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.order_ids IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.caller_digits IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.repeats IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.recording_seconds IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.dial_status IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.rang IS 'Whether the callee''s phone rang; NULL: not told.';
COMMENT ON COLUMN masking.call_life.answered IS 'Whether the callee''s phone was answered, by him or his mailbox, and the call taken where a key was asked for; NULL: not told.';
COMMENT ON COLUMN masking.call_life.talked IS 'Whether the callee himself took it: he pressed the key that he was asked for.';
COMMENT ON COLUMN masking.call_life.mailbox IS 'Whether the callee''s phone was answered, and nobody pressed the key that was asked for.';
COMMENT ON COLUMN masking.call_life.ring_seconds IS 'How long the callee''s phone rang.';
COMMENT ON COLUMN masking.call_life.talk_seconds IS 'How long caller and callee were connected.';
COMMENT ON COLUMN masking.call_life.call_seconds IS 'How long the caller''s own leg lasted once answered, prompts included.';
COMMENT ON COLUMN masking.call_life.has_ended IS 'Whether any end was told: of the ringing, or of a leg.';
COMMENT ON COLUMN masking.call_life.hung_up_by IS 'caller, callee, or as Plivo says it: plivo, carrier, answer xml, …; NULL: not told, or the callee never took the call.';
COMMENT ON COLUMN masking.call_life.hangup_cause IS 'Why it ended, in Plivo''s words, as Normal Hangup.';
COMMENT ON COLUMN masking.call_life.hangup_code IS 'The same as Plivo''s code, as 4000.';
COMMENT ON COLUMN masking.call_life.cost IS 'Both legs together, in the currency of the Plivo account.';
COMMENT ON COLUMN masking.call_life.route_id IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.placed IS 'As in calls.';
COMMENT ON COLUMN masking.call_life.became IS
  'What became of it in a word, as in outcomes (call, ringing, life): why it was not connected, or how the ringing went; NULL: connected, and nothing more is told.';
COMMENT ON COLUMN masking.call_life.class IS 'What it counts as: the class of that word, as in outcomes; open: connected, and nothing more is told.';
COMMENT ON COLUMN masking.call_life.by_code IS 'Whether the caller was asked for a code, and with one was taken for that side of the order: the phone is not the order''s.';
