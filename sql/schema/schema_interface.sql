CREATE OR REPLACE FUNCTION masking.schema_interface(OUT oldest integer, OUT newest integer, OUT edited text[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- What servers rely on is this set of functions, and it has a version of its own: it is raised
  -- when one of them changes its name, arguments, columns or meaning, and the old one is kept for
  -- a release, so that servers and schema can be upgraded one after the other.
  SELECT 5, 5, masking.edited_files()
$$;
COMMENT ON FUNCTION masking.schema_interface() IS
  'Which versions of the servers'' interface this schema serves, and the files of sql/ whose functions or views were edited by hand here since (NULL: none).';
GRANT EXECUTE ON FUNCTION masking.schema_interface() TO masking_server, masking_caller;
