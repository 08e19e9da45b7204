-- Revert number-masking:number_hashes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.hashed(bigint);
DROP FUNCTION masking.hash_if_keyed(bigint);
DROP TABLE masking.secrets;

COMMIT;
