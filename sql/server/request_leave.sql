-- This run ends.
SELECT masking.request_leave(($1::bigint[])[1])
