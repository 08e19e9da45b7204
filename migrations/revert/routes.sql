-- Revert number-masking:routes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.routes;
DROP FUNCTION masking.person(bigint);

COMMIT;
