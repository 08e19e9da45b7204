-- Revert number-masking:number_hashes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.hashed(bigint);
DROP TABLE masking.secrets;

COMMIT;
