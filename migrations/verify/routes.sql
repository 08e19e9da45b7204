-- Verify number-masking:routes on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, route_id, side, caller, proxy, callee, dials, live, held, closed, blocked, former, ended FROM masking.routes WHERE false;
SELECT 1 / count(*) FROM pg_catalog.pg_constraint
WHERE conrelid = 'masking.routes'::regclass AND conname = 'one_counterpart' AND contype = 'x';

ROLLBACK;
