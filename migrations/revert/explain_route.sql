-- Revert number-masking:explain_route from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.explain_route(text, text, timestamptz);
DROP FUNCTION masking.reasons_not_connected(bigint, bigint, timestamptz);

COMMIT;
