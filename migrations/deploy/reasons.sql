-- Deploy number-masking:reasons to pg
--
-- Why a call connects or not, why a route ends, why an order waits, why a number was not taken: functions
-- find the word, with what belongs to it (masking.finding); people read the sentence that stands here.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.reasons (
  reason text COLLATE "C" PRIMARY KEY,
  tone text NOT NULL CHECK (tone IN ('good', 'quiet', 'warn', 'bad')),
  sentence text NOT NULL CHECK (regexp_replace(sentence, '{(time|digits|side|other)}', '', 'g') !~ '[{}]'),
  next_step text NOT NULL,
  sqlstate text UNIQUE
);
COMMENT ON TABLE masking.reasons IS 'Why a call connects or not, a route ends, an order waits, or a number was not taken: each once, in a word and in a sentence.';
COMMENT ON COLUMN masking.reasons.reason IS 'The word, as in findings, routes.ended, orders.unmasked_reason, orders.customer_refused and agent_refused.';
COMMENT ON COLUMN masking.reasons.tone IS 'good: it connects; quiet: it is over, as somebody wanted; bad: something is to be mended; warn: none of these.';
COMMENT ON COLUMN masking.reasons.sentence IS
  'What people read, without the order''s name. {time}, {digits} (a phone, as said_phone() shows it) and {side} are the finding''s; {other}: the side that is not {side}.';
COMMENT ON COLUMN masking.reasons.next_step IS 'What to do about it, and who.';
COMMENT ON COLUMN masking.reasons.sqlstate IS 'The error that a number has for this reason, where it is not let through; NULL: none.';

CREATE TYPE masking.finding AS (
  reason text,
  order_id text,
  since timestamptz,
  side text,
  digits text
);
COMMENT ON TYPE masking.finding IS
  'A reason, and what its sentence tells: of which order (NULL: none, or known already), since when, which side''s, which phone. Said by said_reason().';

INSERT INTO masking.reasons (reason, tone, sentence, next_step) VALUES
  ('connected', 'good', 'the {side} reaches the {other}, {digits}',
    'The call should have rung. If it did not: the calls below tell how it ended, or that it never reached us.'),
  ('connected elsewhere', 'good', 'the {side} reaches the {other}, {digits}; the order is on another number, and the setting any_number connects',
    'The call should have rung. If it did not: the calls below tell how it ended, or that it never reached us.'),
  ('blocked', 'bad', 'the {side} is blocked',
    'Somebody blocked this side: the order system takes a block of the order back (order_blocks), the owner a person''s (unblock_person; see block_log).'),
  ('unblocked', 'warn', 'over since {time}, as the block was taken back', 'Look at the order.'),
  ('too many calls', 'bad', 'more calls of these two within an hour than the setting calls_per_hour allows',
    'These two called each other very often. The owner''s setting calls_per_hour says how often they may.'),
  ('other number', 'bad', 'on another number, {digits}; not on this one',
    'The person dialled another number of ours than the order''s: tell them the one to dial.'),
  ('own number', 'bad', 'the number dialled is the {side}''s own', 'The person is to dial a number of ours instead.'),
  ('never on this number', 'warn', 'this party was never on this number', 'Check the two numbers, and look at the order.'),
  ('unknown number', 'bad', 'number unknown, no order ever had it',
    'No order ever had that phone: ask from which phone it was called, and add it to the order (order_phones).'),
  -- What stands against an order by its row: a number that was not taken,
  ('number missing', 'bad', 'the {side}''s number is missing', 'The order system writes that number.'),
  ('not a phone number', 'bad', 'the {side}''s number was not taken: {digits} is not a phone number',
    'The order system writes that number again, as it should be.'),
  ('both the same number', 'bad', 'the {side}''s number was not taken: {digits} is the {other}''s own',
    'The order system writes the number of the one or the other again, as it should be.'),
  ('a proxy number', 'bad', 'the {side}''s number was not taken: {digits} is a proxy number',
    'The order system writes that party''s own number, not one of ours.'),
  ('prefix not dialled', 'bad', 'the {side}''s number, {digits}, begins with a prefix that may not be dialled',
    'The owner''s table dial_prefixes says which numbers we may ring.'),
  -- no number of ours,
  ('none free', 'bad', 'waiting for a proxy number since {time}: none is free',
    'Operations: add numbers to the pool (see Pool). The order gets one by itself within seconds.'),
  ('no number serves them', 'bad', 'waiting for a proxy number since {time}: none has a prefix that serves both',
    'Operations: add a number to the pool that serves both (see Pool), or let the setting any_prefix give them any. (None serves a phone that is in the pool itself.) The order gets one by itself within seconds.'),
  ('people busy', 'bad', 'waiting for a proxy number since {time}: the same people were being routed by others',
    'The order gets a number by itself within seconds.'),
  -- nobody to call,
  ('not assigned', 'warn', 'no agent is assigned yet',
    'Nobody is there to be called: the order system assigns an agent with agent_number.'),
  ('no agent now', 'warn', 'no agent is assigned now',
    'Nobody is there to be called: the order system assigns an agent with agent_number.'),
  -- or that it is over or not yet there.
  ('cancelled', 'quiet', 'cancelled at {time}', 'Cancelled by mistake? The order system takes it back with cancelled_at = NULL.'),
  ('cancelled, never connected', 'quiet', 'cancelled at {time}, was never connected',
    'Cancelled by mistake? The order system takes it back with cancelled_at = NULL.'),
  ('completed', 'quiet', 'completed at {time}', 'Not over yet? The order system reopens it with completed_at = NULL.'),
  ('completed, never connected', 'warn', 'completed at {time}, was never connected',
    'Not over yet? The order system reopens it with completed_at = NULL.'),
  ('forgotten, never connected', 'warn', 'its phone numbers were forgotten at {time}, was never connected', 'Whoever still needs to call needs a new order.'),
  ('forgotten', 'quiet', 'its phone numbers were forgotten at {time}', 'Whoever still needs to call needs a new order.'),
  ('gone', 'warn', 'no order of that id is there: deleted by the order system, removed by retention, or never placed', 'Nobody can call by it: whoever still needs to call needs a new order.'),
  ('never connected', 'bad', 'it was never connected', 'The order system writes the order again, and masking says what it waits for.'),
  ('placed later', 'warn', 'placed later, at {time}', 'There was no order yet.'),
  ('not yet connected', 'warn', 'not yet connected then, only since {time}', 'The other side was assigned later: look at the order''s story.'),
  -- Why a route ended; but for the last, as routes.ended has it.
  ('agent swapped', 'warn', 'over since {time}, as the agent was swapped',
    'A phone of the former agent is not of the order any more. Should it be, the order system writes it to the order again.'),
  ('agent removed', 'warn', 'over since {time}, as the agent was removed',
    'Nobody is there to be called: the order system assigns an agent with agent_number.'),
  ('customer number corrected', 'warn', 'over since {time}, as the customer''s number was corrected',
    'The former number is not of the order any more. Should it be, the order system writes it to the order again.'),
  ('phone removed', 'warn', 'over since {time}, as the phone was removed from the order',
    'This phone is not of the order any more. Should it be, the order system writes it to the order again (order_phones).'),
  ('waits for a number', 'bad', 'over since {time}, as no number was free for the order''s people',
    'Operations: add numbers to the pool (see Pool). The order then gets one by itself within seconds.'),
  ('renewed', 'warn', 'over since {time}, as the order was connected anew', 'Look at the order: it may be on another number since.'),
  ('order completed', 'quiet', 'over since {time}, as the order was completed, and then the grace time of the {side} passed',
    'Not over yet? The order system reopens the order with completed_at = NULL, or gives it more time with completed_at in the future.'),
  ('order cancelled', 'quiet', 'over since {time}, as the order was cancelled', 'Cancelled by mistake? The order system takes it back with cancelled_at = NULL.'),
  ('order deleted', 'quiet', 'over since {time}, as the order was deleted', 'The order is gone for good: whoever still needs to call needs a new one.'),
  ('numbers forgotten', 'quiet', 'over since {time}, as the phone numbers were forgotten', 'The order is gone for good: whoever still needs to call needs a new one.'),
  ('end of its longest life', 'warn', 'over since {time}, as nobody completed the order within its longest life',
    'Still under way? The order system gives it more time with completed_at = a time in the future.');

UPDATE masking.reasons r SET sqlstate = v.sqlstate
FROM (VALUES ('not a phone number', 'MK001'), ('both the same number', 'MK003'), ('a proxy number', 'MK004'), ('prefix not dialled', 'MK014')) AS v (reason, sqlstate)
WHERE r.reason = v.reason;

COMMIT;
