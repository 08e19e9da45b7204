-- What became of these messages that were sent on?
-- $1 MessageUUIDs, $2 which part of it, $3 of how many, $4 Plivo's status, $5 Plivo's error code (0: none).
SELECT masking.record_deliveries($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
