-- Deploy number-masking:schema_version to pg
--
-- A server must notice that it runs against a schema older or newer than it
-- was built for. Sqitch's own registry already knows; a second counter would
-- one day disagree with it.

BEGIN;

GRANT USAGE ON SCHEMA sqitch TO masking_owner;
GRANT SELECT ON sqitch.changes TO masking_owner;

SET LOCAL ROLE masking_owner;

CREATE FUNCTION masking.schema_version() RETURNS TABLE (changes integer, latest text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT count(*)::integer, (array_agg(c.change ORDER BY c.committed_at DESC))[1]
  FROM sqitch.changes c
  WHERE c.project = 'number-masking'
$$;
COMMENT ON FUNCTION masking.schema_version() IS
  'How many changes of migrations/sqitch.plan are deployed, and the name of the last.';

GRANT EXECUTE ON FUNCTION masking.schema_version() TO masking_server;

COMMIT;
