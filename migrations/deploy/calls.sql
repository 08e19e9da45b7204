-- Deploy number-masking:calls to pg
--
-- The record: one row per call and per text message, refusals too, written in the
-- statement that decides it. No phone number of a connected party is kept here:
-- route_id and order_ids say who it was for as long as the routes may say it.
--
-- A call's row holds what Plivo told about it as typed values, a column each, and these
-- columns are the record: whatever people read (did they talk, who hung up) is a
-- view of them (call_life). Deliveries are repeated, reordered and sometimes missing,
-- so each column keeps the greatest value it was told; that is the same in any order and
-- however often. Plivo's StartTime, AnswerTime and EndTime are in the time zone
-- of somebody's console; only the seconds between two of one event are kept: those
-- are right in any zone.
--
-- A call is written five times within a minute or so, and no index has a column that
-- an event changes: fillfactor leaves the room for the new versions on the same page. A row
-- of 200 bytes grows to 330, so pages that begin more than 60 % full would lose rows to others.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.calls (
  called_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL,
  proxy bigint,
  ask bigint,
  route_id bigint,
  caller_hash bigint,
  call_uuid text COLLATE "C" PRIMARY KEY,
  outcome text NOT NULL,
  side text CHECK (side IN ('customer', 'agent')),
  order_ids text[],
  caller_digits text,
  repeats integer NOT NULL DEFAULT 0,
  earlier_answers jsonb,
  placed boolean,
  dial_status text,
  dial_cause text,
  dial_rang boolean,
  callee_answered boolean,
  callee_confirmed boolean,
  callee_ended boolean,
  callee_rang_seconds integer,
  callee_seconds integer,
  callee_cost numeric,
  callee_cause text,
  callee_code integer,
  callee_source text,
  caller_ended boolean,
  caller_rang_seconds integer,
  caller_seconds integer,
  caller_cost numeric,
  caller_cause text,
  caller_code integer,
  caller_source text,
  recording_seconds integer,
  recording_url text
) WITH (fillfactor = 65);
-- The latest calls, an order's within its own time, and what retention removes. The hash of the first order
-- tells its calls from half a million others without looking at them, for 3 % of what an answer writes;
-- an index by order would be 17 %.
CREATE INDEX calls_by_time ON masking.calls (called_at, hashtext(order_ids[1]));
-- The calls of the few who share several orders, by each of those.
CREATE INDEX calls_of_several ON masking.calls USING gin (order_ids) WITH (fastupdate = off) WHERE order_ids[2] IS NOT NULL;
-- Calls of somebody whom they led to nobody.
CREATE INDEX calls_unreached ON masking.calls (caller_hash, called_at) WHERE caller_hash IS NOT NULL;
-- What retention has still to forget.
CREATE INDEX calls_recorded ON masking.calls (called_at) WHERE recording_url IS NOT NULL;

COMMENT ON TABLE masking.calls IS
  'One row per call Plivo asked about, connected or not. Holds no phone number of a party.';
COMMENT ON COLUMN masking.calls.called_at IS 'When Plivo first asked.';
COMMENT ON COLUMN masking.calls.answered_at IS 'When the answer in this row was given.';
COMMENT ON COLUMN masking.calls.proxy IS 'The number dialled; NULL: not a usable number.';
COMMENT ON COLUMN masking.calls.ask IS
  'The number of the ask that got the answer in this row; each time Plivo asks has one of its own, and the server''s retries of it have the same. NULL: not asked.';
COMMENT ON COLUMN masking.calls.route_id IS
  'The latest route that connected it; joins to routes with order_ids.';
COMMENT ON COLUMN masking.calls.caller_hash IS
  'Who called, as a keyed hash, where nobody was reached for an order; NULL: connected, or the caller is not known.';
COMMENT ON COLUMN masking.calls.call_uuid IS 'Plivo''s CallUUID.';
COMMENT ON COLUMN masking.calls.outcome IS
  'connected, or why not, as in outcomes (call). not_asked: only later events are known.';
COMMENT ON COLUMN masking.calls.side IS
  'Who called: the customer or the agent of the latest of order_ids; NULL: not connected.';
COMMENT ON COLUMN masking.calls.order_ids IS
  'The orders this call was about: all that these two people share on this number; of a call that we placed the one that it was asked for is first.';
COMMENT ON COLUMN masking.calls.caller_digits IS 'The last two digits of the caller, where caller_hash is kept.';
COMMENT ON COLUMN masking.calls.repeats IS 'How often Plivo asked again.';
COMMENT ON COLUMN masking.calls.earlier_answers IS
  'What other asks about this call were answered, oldest first, each ask once; NULL: asked once.';
COMMENT ON COLUMN masking.calls.placed IS
  'true: we placed it, as somebody asked for it; side is who was rung first. NULL: somebody dialled.';
COMMENT ON COLUMN masking.calls.dial_status IS
  'How ringing the callee ended: completed, busy, no-answer, timeout, failed, cancel (the caller gave up).';
COMMENT ON COLUMN masking.calls.dial_cause IS 'Why, as Plivo names the cause when ringing ended.';
COMMENT ON COLUMN masking.calls.dial_rang IS 'Whether the callee''s phone rang, as told when ringing ended.';
COMMENT ON COLUMN masking.calls.callee_answered IS 'true: an event told that the callee answered.';
COMMENT ON COLUMN masking.calls.callee_confirmed IS 'true: the callee was asked to press a key to take the call, and did.';
COMMENT ON COLUMN masking.calls.callee_ended IS 'true: the end of the callee''s leg was told.';
COMMENT ON COLUMN masking.calls.callee_rang_seconds IS 'How long the callee''s leg rang.';
COMMENT ON COLUMN masking.calls.callee_seconds IS 'How long the callee''s leg lasted once answered.';
COMMENT ON COLUMN masking.calls.callee_cost IS 'What the callee''s leg cost, in the currency of the Plivo account.';
COMMENT ON COLUMN masking.calls.callee_cause IS 'Why the callee''s leg ended, in Plivo''s words.';
COMMENT ON COLUMN masking.calls.callee_code IS 'The same as Plivo''s code.';
COMMENT ON COLUMN masking.calls.callee_source IS 'Who ended the callee''s leg, in Plivo''s words.';
COMMENT ON COLUMN masking.calls.caller_ended IS 'true: the end of the caller''s leg was told.';
COMMENT ON COLUMN masking.calls.caller_rang_seconds IS 'How long the caller''s leg rang until it was answered or ended.';
COMMENT ON COLUMN masking.calls.caller_seconds IS 'How long the caller''s own leg lasted once answered, prompts included.';
COMMENT ON COLUMN masking.calls.caller_cost IS 'What the caller''s leg cost.';
COMMENT ON COLUMN masking.calls.caller_cause IS 'Why the caller''s leg ended, in Plivo''s words.';
COMMENT ON COLUMN masking.calls.caller_code IS 'The same as Plivo''s code.';
COMMENT ON COLUMN masking.calls.caller_source IS 'Who ended the caller''s leg, in Plivo''s words.';
COMMENT ON COLUMN masking.calls.recording_seconds IS 'How long the recording is.';
COMMENT ON COLUMN masking.calls.recording_url IS 'Where Plivo keeps the recording; NULL: none, or forgotten.';

CREATE TABLE masking.messages (
  message_uuid text COLLATE "C" PRIMARY KEY,
  received_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL,
  proxy bigint,
  ask bigint,
  route_id bigint,
  side text CHECK (side IN ('customer', 'agent')),
  order_ids text[],
  outcome text NOT NULL,
  told text,
  repeats integer NOT NULL DEFAULT 0,
  earlier_outcomes jsonb
);
CREATE INDEX messages_by_time ON masking.messages (received_at);
-- How many two people wrote each other within the last minute.
CREATE INDEX messages_between ON masking.messages ((order_ids[1]), side, received_at) WHERE outcome = 'forwarded';
COMMENT ON TABLE masking.messages IS
  'One row per text message, forwarded or not. Holds neither its text nor a phone number of a party.';
COMMENT ON COLUMN masking.messages.message_uuid IS 'Plivo''s MessageUUID.';
COMMENT ON COLUMN masking.messages.received_at IS 'When Plivo first told of it.';
COMMENT ON COLUMN masking.messages.answered_at IS 'When the outcome in this row was decided.';
COMMENT ON COLUMN masking.messages.proxy IS 'The number written to; NULL: not a usable number.';
COMMENT ON COLUMN masking.messages.ask IS 'The number of the ask that got the outcome in this row, as in calls.';
COMMENT ON COLUMN masking.messages.side IS
  'Who wrote: the customer or the agent of the latest of order_ids; NULL: nobody we know.';
COMMENT ON COLUMN masking.messages.order_ids IS 'The orders it was about, in the order of their ids; NULL: none.';
COMMENT ON COLUMN masking.messages.route_id IS 'The latest route it took; joins to routes with order_ids.';
COMMENT ON COLUMN masking.messages.outcome IS 'What became of it, as in outcomes (text).';
COMMENT ON COLUMN masking.messages.told IS 'The event of prompts that the sender was sent; NULL: nothing.';
COMMENT ON COLUMN masking.messages.repeats IS 'How often Plivo told of it again.';
COMMENT ON COLUMN masking.messages.earlier_outcomes IS 'What became of other asks about it, each once; NULL: told once.';

-- What the server is told about one call, code or text. A type, so that what one of the three is
-- to tell more does not change the others: they leave it empty.
CREATE TYPE masking.answer AS (
  place integer,
  outcome text,
  counterpart bigint,
  say text,
  voice text,
  language text,
  digits integer,
  shows bigint,
  greet_say text,
  greet_voice text,
  greet_language text,
  greets_callee boolean
);
COMMENT ON TYPE masking.answer IS
  'One answer of a batch: place: 1-based, in the arrays of the question; counterpart: whom to ring or write to, or NULL; say, voice, language: what is said (see masking.prompt), or NULLs; digits: how many of a code to wait for; shows: the number that the callee sees; NULL: the one dialled; greet_say, greet_voice, greet_language: what the caller hears before anybody is rung, or NULLs; greets_callee: true: the callee is to hear something before the two are connected, which find_prompts has.';

CREATE TABLE masking.pair_calls (
  pair bigint,
  call_uuid text COLLATE "C",
  called_at timestamptz NOT NULL,
  PRIMARY KEY (pair, call_uuid)
);
CREATE INDEX pair_calls_by_time ON masking.pair_calls (called_at);
COMMENT ON TABLE masking.pair_calls IS
  'Calls that were put through within the last hour, by the two people, while the setting calls_per_hour is on.';
COMMENT ON COLUMN masking.pair_calls.pair IS 'The order''s two people, whichever phone, number or code the call came by: their keyed hashes, made one.';
COMMENT ON COLUMN masking.pair_calls.call_uuid IS 'Which call.';
COMMENT ON COLUMN masking.pair_calls.called_at IS 'When.';

CREATE TABLE masking.deliveries (
  message_uuid text COLLATE "C" REFERENCES masking.messages ON DELETE CASCADE,
  part integer CHECK (part BETWEEN 1 AND parts),
  parts integer NOT NULL,
  status text NOT NULL,
  error_code integer,
  told_at timestamptz NOT NULL,
  PRIMARY KEY (message_uuid, part)
);
COMMENT ON TABLE masking.deliveries IS
  'What became of texts that were forwarded: one row per message that went out, once Plivo told of it.';
COMMENT ON COLUMN masking.deliveries.message_uuid IS 'The message that came in.';
COMMENT ON COLUMN masking.deliveries.part IS 'Which of the messages that it went out as, from 1.';
COMMENT ON COLUMN masking.deliveries.parts IS 'How many those are.';
COMMENT ON COLUMN masking.deliveries.status IS 'Plivo''s word: queued, sent, delivered, undelivered, failed, rejected, read; other: one that is new here.';
COMMENT ON COLUMN masking.deliveries.error_code IS 'Plivo''s error code, as 200: the receiver sent STOP; NULL: none.';
COMMENT ON COLUMN masking.deliveries.told_at IS 'When Plivo told it.';

CREATE TABLE masking.told_senders (
  number bigint,
  event text COLLATE "C",
  told_at timestamptz NOT NULL,
  PRIMARY KEY (number, event)
);
CREATE INDEX told_senders_by_time ON masking.told_senders (told_at);
COMMENT ON TABLE masking.told_senders IS
  'Who was sent which sentence about a text of theirs within the last hour; forgotten after it.';
COMMENT ON COLUMN masking.told_senders.number IS 'Who wrote, E.164 digits.';
COMMENT ON COLUMN masking.told_senders.event IS 'Which sentence, as in prompts.';
COMMENT ON COLUMN masking.told_senders.told_at IS 'When it was sent.';

CREATE TABLE masking.opted_out (
  person_hash bigint,
  proxy bigint,
  said_at timestamptz NOT NULL,
  PRIMARY KEY (person_hash, proxy)
);
CREATE INDEX opted_out_by_time ON masking.opted_out (said_at);
COMMENT ON TABLE masking.opted_out IS
  'Who sent STOP to which number, and not START since: Plivo delivers them no texts from it. Kept as long as messages.';
COMMENT ON COLUMN masking.opted_out.person_hash IS 'Who, as a keyed hash.';
COMMENT ON COLUMN masking.opted_out.proxy IS 'The number that he wrote it to.';
COMMENT ON COLUMN masking.opted_out.said_at IS 'When.';

COMMIT;
