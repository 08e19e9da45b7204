-- Revert number-masking:answer_calls from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.record_apologies(text[], bigint[], double precision[]);
DROP FUNCTION masking.answer_calls(text[], bigint[], bigint[], bigint, boolean, boolean);
DROP FUNCTION masking.earlier_answers(masking.calls, text, bigint);

COMMIT;
