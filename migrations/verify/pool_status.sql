-- Verify number-masking:pool_status on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT prefix, numbers, draining, live_routes, held_routes, most_per_customer, most_per_agent,
  numbers_needed, headroom, needed_at_twice_cool_off
FROM masking.pool_status WHERE false;
SELECT 1 / (count(*) >= 2)::int FROM masking.gauges();

ROLLBACK;
