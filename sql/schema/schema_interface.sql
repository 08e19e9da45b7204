CREATE OR REPLACE FUNCTION masking.schema_interface(OUT oldest integer, OUT newest integer, OUT edited text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- What servers rely on is this set of functions, and it has a version of its own: it is raised
  -- when one of them changes its name, arguments, columns or meaning, and the old one is kept for
  -- a release, so that servers and schema can be upgraded one after the other.
  SELECT 1, 1, (
    SELECT array_agg(d.file ORDER BY d.file) FROM masking.deployed d
    WHERE d.gone_in IS NULL AND d.text_digest <> masking.text_digest(d.objects)
      -- After an upgrade of PostgreSQL views read otherwise until the next migration.
      AND (d.text_by = current_setting('server_version_num')::integer / 10000
        OR NOT EXISTS (SELECT FROM unnest(d.objects) AS o (name) WHERE o.name NOT LIKE '%(%')))
$$;
COMMENT ON FUNCTION masking.schema_interface() IS
  'Which versions of the servers'' interface this schema serves, and the files of sql/ whose functions or views were edited by hand here since (NULL: none).';
GRANT EXECUTE ON FUNCTION masking.schema_interface() TO masking_server;
