-- So many webhooks were refused for their signatures since this server told last.
-- $1 reasons, $2 how many of each
SELECT masking.record_refusals($1::text[], $2::bigint[])
