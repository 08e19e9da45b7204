-- Revert number-masking:calls from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.opted_out;
DROP TABLE masking.told_senders;
DROP TABLE masking.deliveries;
DROP TYPE masking.answer;
DROP TABLE masking.pair_calls;
DROP TABLE masking.messages;
DROP TABLE masking.calls;

COMMIT;
