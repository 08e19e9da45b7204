-- These calls that we placed are over: $1 CallUUIDs, $2 requests, $3 numbers that were seen, $4 CallStatus of each.
SELECT masking.end_requests($1::text[], $2::text[], $3::bigint[], $4::text[])
