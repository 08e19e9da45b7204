-- Deploy number-masking:roles to pg
--
-- Three roles keep promise 1 (nobody learns a number): the server's role owns
-- nothing and reads no table, the order system's role writes one table, and
-- what they may not touch belongs to a third. Roles belong to the cluster, so
-- another database of it may have made them already; then they are left as
-- they are. Passwords are not set here but by passwords.sql at each migration.
--
-- Whoever migrates need not be a superuser: CREATEROLE is enough, as managed
-- PostgreSQL hands it out. From version 16 on a role's maker administers it but is
-- not yet a member who may act as it or has its rights; both are granted here.

BEGIN;

DO $$
DECLARE
  wanted record;
  needs CONSTANT text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('masking_owner', 'Owns the schema masking and everything in it.', ARRAY['search_path = masking']),
      ('masking_orders', 'The order system: writes masking.orders, nothing else.', ARRAY['search_path = masking']),
      ('masking_server', 'The web server: may execute its few functions, reads no table.', ARRAY[
        'search_path = pg_catalog',
        -- Its questions are arrays and its gauges numbers, whatever the database has set.
        'array_nulls = on',
        'extra_float_digits = 1',
        -- feed_run() must see what was committed since the transaction began.
        'default_transaction_isolation = ''read committed''',
        -- An answer is worth 2 s. A row that somebody holds is no reason to let a whole
        -- batch of callers wait that long: it is asked about again without the others. Two
        -- connections can meet such rows at once, and half a second without any answer counts
        -- as a silent database (queue.h): so it is well below that.
        'lock_timeout = ''200ms''',
        'statement_timeout = ''5s''',
        'idle_in_transaction_session_timeout = ''5s'''])
    ) AS v (name, meaning, pinned)
  LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I LOGIN', wanted.name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      CONTINUE;
    END;
    EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.meaning);
    FOR i IN 1 .. cardinality(wanted.pinned) LOOP
      EXECUTE format('ALTER ROLE %I SET %s', wanted.name, wanted.pinned[i]);
    END LOOP;
    -- Statements of the order system hold phone numbers; they stay out of the
    -- database's log. Only a superuser may decide that for a role.
    IF current_setting('is_superuser') = 'on' AND wanted.name <> 'masking_owner' THEN
      EXECUTE format('ALTER ROLE %I SET log_min_error_statement = panic', wanted.name);
      EXECUTE format('ALTER ROLE %I SET log_parameter_max_length = 0', wanted.name);
    END IF;
  END LOOP;

  -- Whoever migrates acts as the owner, and has its rights where that is not what
  -- counts (as on the schema of Sqitch); a superuser may without membership.
  IF NOT (pg_has_role(current_user, 'masking_owner', needs) AND pg_has_role(current_user, 'masking_owner', 'USAGE')) THEN
    EXECUTE format('GRANT masking_owner TO %I %s', current_user,
      CASE needs WHEN 'SET' THEN 'WITH INHERIT TRUE, SET TRUE' ELSE '' END);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'roles: % may neither make the roles of number-masking nor act as masking_owner', current_user
    USING ERRCODE = '42501',
      HINT = 'Migrate as a superuser, as a role with CREATEROLE, or as one to which whoever made masking_owner has granted it (GRANT masking_owner TO … WITH INHERIT TRUE, SET TRUE).';
END
$$;

COMMIT;
