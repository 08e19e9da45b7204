-- Revert number-masking:messages from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[]);
DROP FUNCTION masking.message_outcome(bigint, bigint, text, bigint, text);
DROP FUNCTION masking.may_be_told(bigint);
DROP FUNCTION masking.reached(bigint, bigint);
DROP TABLE masking.told_strangers;
DROP TABLE masking.messages;

COMMIT;
