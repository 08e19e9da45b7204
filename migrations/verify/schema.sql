-- Verify number-masking:schema on pg

SELECT 1 / (pg_catalog.pg_get_userbyid(nspowner) = 'masking_owner')::int
FROM pg_catalog.pg_namespace
WHERE oid = 'masking'::regnamespace;
SELECT 1 / count(*) FROM pg_catalog.pg_extension WHERE extname = 'btree_gist';
BEGIN;
SET LOCAL ROLE masking_owner;
SELECT file, digest, objects, text_digest, text_by, deployed_at, gone_in FROM masking.deployed WHERE false;
ROLLBACK;
