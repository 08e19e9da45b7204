-- Which asks about calls got an apology while the database was away?
-- $1 CallUUIDs, $2 dialled numbers, $3 how many seconds ago each was answered, $4 the ask that each is.
SELECT masking.record_apologies($1::text[], $2::bigint[], $3::double precision[], $4::bigint[])
