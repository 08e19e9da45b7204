-- Revert number-masking:routing from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER route ON masking.orders;
DROP FUNCTION masking.orders_route();
DROP FUNCTION masking.route(masking.orders);
DROP FUNCTION masking.open_routes(masking.orders, timestamptz, bigint);
DROP FUNCTION masking.end_routes(text, timestamptz);
DROP FUNCTION masking.choose_proxy(masking.orders, timestamptz, bigint[]);
DROP FUNCTION masking.live_until(masking.orders, text, timestamptz);
DROP FUNCTION masking.checked(masking.orders);
DROP FUNCTION masking.lock_people(bigint[]);
DROP FUNCTION masking.lock_everybody(timestamptz);
DROP SEQUENCE masking.unmasked_total;

COMMIT;
