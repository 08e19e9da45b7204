-- Revert number-masking:routes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TABLE masking.routes;
DROP INDEX masking.proxy_numbers_by_person;
DROP FUNCTION masking.person(bigint);

COMMIT;
