-- Revert number-masking:answer_codes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.answer_codes(text[], bigint[], bigint[], bigint[], text[]);
DROP FUNCTION masking.decided_code(integer, text, bigint, bigint, integer, text);
DROP TYPE masking.code_answer;
DROP FUNCTION masking.count_failure(text, integer, bigint, bigint);
DROP FUNCTION masking.reached_by_code(bigint, bigint, text);

COMMIT;
