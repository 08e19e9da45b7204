-- Revert number-masking:routing from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER belongs ON masking.routes;
DROP FUNCTION masking.belongs();
DROP TRIGGER unroute ON masking.orders;
DROP TRIGGER route ON masking.orders;
DROP FUNCTION masking.orders_unroute();
DROP FUNCTION masking.orders_route();
DROP FUNCTION masking.routed_forgotten(masking.orders, masking.orders);
DROP FUNCTION masking.route(masking.orders, masking.orders, interval);
DROP FUNCTION masking.lacks_routes(masking.orders, masking.orders, timestamptz);
DROP FUNCTION masking.open_routes(masking.orders, timestamptz);
DROP FUNCTION masking.give_way(bigint, bigint, bigint, timestamptz);
DROP FUNCTION masking.is_wanted(masking.orders, text, bigint, bigint);
DROP FUNCTION masking.trim_routes(masking.orders, timestamptz, boolean);
DROP FUNCTION masking.live_until(masking.orders, text, timestamptz);
DROP FUNCTION masking.checked(masking.orders, masking.orders);
DROP SEQUENCE masking.unmasked_total;

COMMIT;
