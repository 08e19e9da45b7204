-- Deploy number-masking:schema to pg
--
-- Everything of ours lives in one schema, owned by masking_owner. The extension
-- btree_gist gives the exclusion constraint of routes its equality on numbers; it
-- goes into the schema too, unless it is there already.
--
-- Functions and views are not made by these changes: their present text is in
-- sql/, one file each, and migrations/migrate replaces what differs. What it put
-- here, and from which text, stands in masking.deployed.

BEGIN;

CREATE SCHEMA masking AUTHORIZATION masking_owner;
COMMENT ON SCHEMA masking IS 'Number masking: orders, who reaches whom, and the record of calls.';

CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA masking;

SET LOCAL ROLE masking_owner;
GRANT USAGE ON SCHEMA masking TO masking_orders, masking_server;
-- A new function is nobody's until it is granted.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE masking.deployed (
  file text COLLATE "C" PRIMARY KEY,
  digest text NOT NULL,
  objects text[] NOT NULL,
  text_digest text NOT NULL,
  text_by integer NOT NULL,
  deployed_at timestamptz NOT NULL DEFAULT now(),
  gone_in text
);
COMMENT ON TABLE masking.deployed IS
  'The files of sql/ whose functions and views are in this schema. Written by migrations/migrate.';
COMMENT ON COLUMN masking.deployed.file IS 'The file, below sql/.';
COMMENT ON COLUMN masking.deployed.digest IS 'SHA-256 of the file, so that what differs is replaced and nothing else.';
COMMENT ON COLUMN masking.deployed.objects IS 'What it made, as regprocedure or regclass write it.';
COMMENT ON COLUMN masking.deployed.text_digest IS
  'Digest of the text that PostgreSQL keeps of these objects; another one now: somebody edited them by hand.';
COMMENT ON COLUMN masking.deployed.text_by IS
  'Which major version of PostgreSQL wrote that text: each writes views in its own way.';
COMMENT ON COLUMN masking.deployed.deployed_at IS 'When it was put in place.';
COMMENT ON COLUMN masking.deployed.gone_in IS
  'The release that has this file no more; the next one drops its objects. NULL: it is there.';

-- The settings are those by which PostgreSQL writes it; its order is not by the database's collation.
CREATE FUNCTION masking.text_digest(objects text[]) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET bytea_output = hex
SET DateStyle = 'ISO, MDY'
SET extra_float_digits = 1
SET IntervalStyle = postgres
SET quote_all_identifiers = off
SET standard_conforming_strings = on
SET TimeZone = UTC
AS $$
  SELECT md5(string_agg(coalesce(
    CASE WHEN o.name LIKE '%(%' THEN pg_get_functiondef(to_regprocedure(o.name)) ELSE pg_get_viewdef(to_regclass(o.name)) END, 'gone'), E'\n' ORDER BY o.name COLLATE "C"))
  FROM unnest(objects) AS o (name)
$$;
COMMENT ON FUNCTION masking.text_digest(text[]) IS 'A digest of the text that PostgreSQL keeps of these functions and views.';

CREATE FUNCTION masking.edited_files() RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT array_agg(d.file ORDER BY d.file) FROM masking.deployed d
  WHERE d.gone_in IS NULL AND d.text_digest <> masking.text_digest(d.objects)
    -- After an upgrade of PostgreSQL views read otherwise until the next migration.
    AND (d.text_by = current_setting('server_version_num')::integer / 10000
      OR NOT EXISTS (SELECT FROM unnest(d.objects) AS o (name) WHERE o.name NOT LIKE '%(%'))
$$;
COMMENT ON FUNCTION masking.edited_files() IS 'The files of sql/ whose functions or views were edited by hand, or dropped, since they were put in place; NULL: none.';

CREATE FUNCTION masking.named_in(content text) RETURNS TABLE (name text, is_view boolean, xid text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $$
  WITH wanted AS (
    SELECT DISTINCT m[2] AS name FROM regexp_matches(content, '^CREATE OR REPLACE (FUNCTION|VIEW) masking[.]([a-z0-9_]+)', 'gn') m
  )
  SELECT p.oid::regprocedure::text, false, p.xmin::text FROM pg_proc p
  WHERE p.pronamespace = 'masking'::regnamespace AND p.proname IN (SELECT w.name FROM wanted w)
  UNION ALL
  SELECT c.oid::regclass::text, true, c.xmin::text FROM pg_class c
  WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind = 'v' AND c.relname IN (SELECT w.name FROM wanted w)
$$;
COMMENT ON FUNCTION masking.named_in(text) IS 'What there is, at this moment, of the functions and views that a file of sql/ makes.';

-- One file. What cannot be replaced in place, as a function whose result has other columns, is
-- dropped first; what the file makes no more under one of its names, as a function with other
-- arguments, is dropped too.
CREATE FUNCTION masking.put_in_place(the_file text, the_digest text, content text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET check_function_bodies = off
SET quote_all_identifiers = off
AS $$
DECLARE
  before CONSTANT text[] := ARRAY(SELECT n.name || ' ' || n.xid FROM masking.named_in(content) n);
  gone record;
BEGIN
  BEGIN
    EXECUTE content;
  EXCEPTION WHEN invalid_function_definition OR invalid_table_definition THEN
    FOR gone IN SELECT * FROM masking.named_in(content) LOOP
      EXECUTE format('DROP %s %s', CASE WHEN gone.is_view THEN 'VIEW' ELSE 'FUNCTION' END, gone.name);
    END LOOP;
    EXECUTE content;
  END;
  FOR gone IN SELECT * FROM masking.named_in(content) n WHERE n.name || ' ' || n.xid = ANY (before) AND NOT n.is_view LOOP
    EXECUTE format('DROP FUNCTION %s', gone.name);
  END LOOP;
  INSERT INTO masking.deployed AS d (file, digest, objects, text_digest, text_by)
  VALUES (the_file, the_digest, ARRAY(SELECT n.name FROM masking.named_in(content) n ORDER BY n.name), '', 0)
  ON CONFLICT (file) DO UPDATE SET
    digest = EXCLUDED.digest, objects = EXCLUDED.objects, deployed_at = now(), gone_in = NULL;
  RETURN NULL;
EXCEPTION
  WHEN undefined_table OR undefined_function OR undefined_object OR undefined_column THEN
    RETURN format('%s: %s', the_file, SQLERRM);
  WHEN OTHERS THEN
    RAISE EXCEPTION 'sql/%: %', the_file, SQLERRM USING ERRCODE = SQLSTATE;
END
$$;
COMMENT ON FUNCTION masking.put_in_place(text, text, text) IS
  'Makes or replaces what one file of sql/ holds; or says what it needs that is not there yet.';

-- files: rows of file, digest, text; all files that there are, in any order.
CREATE FUNCTION masking.put_all_in_place(files text[], release text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  pins CONSTANT text := 'schema/planner_pins.sql';
  version CONSTANT integer := current_setting('server_version_num')::integer / 10000;
  names CONSTANT text[] := ARRAY(SELECT files[i][1] FROM generate_subscripts(files, 1) i);
  left_over text[] := ARRAY(
    SELECT f.file FROM (SELECT files[i][1] AS file, files[i][2] AS digest FROM generate_subscripts(files, 1) i) f
    WHERE f.file <> pins AND NOT EXISTS (
      SELECT FROM masking.deployed d
      WHERE d.file = f.file AND d.digest = f.digest AND d.gone_in IS NULL AND d.text_digest = masking.text_digest(d.objects)));
  changed CONSTANT integer := cardinality(left_over);
  before integer;
  missing text;
  lacks text;
  place integer;
  object text;
  gone masking.deployed;
BEGIN
  LOOP
    before := cardinality(left_over);
    missing := NULL;
    EXIT WHEN before = 0;
    FOR place IN SELECT i FROM generate_subscripts(files, 1) i WHERE files[i][1] = ANY (left_over) ORDER BY files[i][1] LOOP
      lacks := masking.put_in_place(files[place][1], files[place][2], files[place][3]);
      IF lacks IS NULL THEN
        left_over := array_remove(left_over, files[place][1]);
      ELSE
        missing := concat_ws('; ', missing, lacks);
      END IF;
    END LOOP;
    IF cardinality(left_over) = before THEN
      RAISE EXCEPTION 'sql/: these files need what none of them makes: %', missing;
    END IF;
  END LOOP;
  FOR gone IN SELECT * FROM masking.deployed d WHERE d.file <> ALL (names) LOOP
    IF gone.gone_in IS NULL THEN
      UPDATE masking.deployed d SET gone_in = release WHERE d.file = gone.file;
    ELSIF gone.gone_in <> release THEN
      FOREACH object IN ARRAY gone.objects LOOP
        EXECUTE CASE
          WHEN object LIKE '%(%' THEN format('DROP FUNCTION IF EXISTS %s', object)
          ELSE format('DROP VIEW IF EXISTS %s', object)
        END;
      END LOOP;
      DELETE FROM masking.deployed d WHERE d.file = gone.file;
    END IF;
  END LOOP;
  FOR place IN SELECT i FROM generate_subscripts(files, 1) i WHERE files[i][1] = pins LOOP
    EXECUTE files[place][3];
  END LOOP;
  UPDATE masking.deployed d SET text_digest = masking.text_digest(d.objects), text_by = version
  WHERE (d.text_digest, d.text_by) <> (masking.text_digest(d.objects), version);
  RETURN changed;
END
$$;
COMMENT ON FUNCTION masking.put_all_in_place(text[], text) IS
  'Brings all functions and views to what the files of sql/ say: replaces what differs from them, also where it was edited by hand, and drops what an earlier release had already lost. Returns how many files differed.';

CREATE FUNCTION masking.take_all_away() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  object record;
  theirs text;
BEGIN
  -- CASCADE, as functions need each other, would take with it what the user made of them, elsewhere than on our tables.
  SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO theirs
  FROM masking.deployed f
  CROSS JOIN unnest(f.objects) AS o (name)
  CROSS JOIN LATERAL (VALUES
    ('pg_proc'::regclass, CASE WHEN o.name LIKE '%(%' THEN to_regprocedure(o.name)::oid END),
    ('pg_class'::regclass, CASE WHEN o.name NOT LIKE '%(%' THEN to_regclass(o.name)::oid END),
    ('pg_type'::regclass, CASE WHEN o.name NOT LIKE '%(%' THEN (SELECT c.reltype FROM pg_class c WHERE c.oid = to_regclass(o.name)) END)) AS ours (class, id)
  JOIN pg_depend d ON d.refclassid = ours.class AND d.refobjid = ours.id AND d.deptype IN ('n', 'a')
  CROSS JOIN LATERAL pg_identify_object_as_address(d.classid, d.objid, d.objsubid) AS a
  WHERE a.object_names[1] <> 'masking';
  IF theirs IS NOT NULL THEN
    RAISE EXCEPTION 'these use what is to go, and have to go first: %', theirs USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  FOR object IN SELECT unnest(d.objects) AS name FROM masking.deployed d LOOP
    EXECUTE CASE
      WHEN object.name LIKE '%(%' THEN format('DROP FUNCTION IF EXISTS %s CASCADE', object.name)
      ELSE format('DROP VIEW IF EXISTS %s CASCADE', object.name)
    END;
  END LOOP;
  DELETE FROM masking.deployed;
END
$$;
COMMENT ON FUNCTION masking.take_all_away() IS 'Before a revert: drops every function and view of sql/; an error where something of the user''s uses one.';

COMMIT;
