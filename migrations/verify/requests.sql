-- Verify number-masking:requests on pg

BEGIN;

SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'masking_caller' AND rolcanlogin AND NOT rolsuper;
SELECT 1 / has_schema_privilege('masking_caller', 'masking', 'USAGE')::integer;
SET LOCAL ROLE masking_owner;
SELECT request_id, order_id, side, first, requested_at, expires_at, state, reason, proxy, placed_at, placed_by, request_uuid, call_uuid, ended_at
FROM masking.requests WHERE false;
SELECT one, who, heard_at, last_placed_at FROM masking.placer WHERE false;
SELECT 1 / count(*) FROM masking.placer;
SELECT 1 / (count(*) = 3)::integer FROM masking.settings WHERE name IN ('requests_per_hour', 'requests_per_second', 'request_number');

ROLLBACK;
