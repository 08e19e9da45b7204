-- Revert number-masking:choose_proxy from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.keep_proxy(bigint);
DROP FUNCTION masking.choose_proxy(masking.orders, timestamptz, bigint[]);

COMMIT;
