-- Revert number-masking:schema from pg

BEGIN;

SET LOCAL ROLE masking_owner;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
RESET ROLE;

DO $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'btree_gist' AND n.nspname = 'masking'
  ) THEN
    DROP EXTENSION btree_gist;
  END IF;
END
$$;

DROP FUNCTION masking.take_all_away();
DROP FUNCTION masking.put_all_in_place(text[], text);
DROP FUNCTION masking.put_in_place(text, text, text);
DROP FUNCTION masking.named_in(text);
DROP FUNCTION masking.edited_files();
DROP FUNCTION masking.text_digest(text[]);
DROP TABLE masking.deployed;
DROP SCHEMA masking;

COMMIT;
