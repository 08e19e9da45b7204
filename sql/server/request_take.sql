-- What is to be placed next, by this run ($1), with PUBLIC_URL ($2) and RING_TIMEOUT ($3)?
SELECT request_id, body, wait_ms, stands_by::integer
FROM masking.request_take(($1::bigint[])[1], ($2::text[])[1], ($3::bigint[])[1]::integer)
