-- What Plivo answered: $1 the run, $2 the request, $3 1 if anything of it was sent, $4 the status, $5 the text.
SELECT masking.request_report(($1::bigint[])[1], ($2::text[])[1], ($3::bigint[])[1] = 1, ($4::bigint[])[1]::integer, ($5::text[])[1]) AS state
