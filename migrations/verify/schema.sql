-- Verify number-masking:schema on pg

SELECT 1 / (pg_catalog.pg_get_userbyid(nspowner) = 'masking_owner')::int
FROM pg_catalog.pg_namespace
WHERE oid = 'masking'::regnamespace;
SELECT 1 / count(*) FROM pg_catalog.pg_extension WHERE extname = 'btree_gist';
