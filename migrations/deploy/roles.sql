-- Deploy number-masking:roles to pg
--
-- Three roles keep promise 1 (nobody learns a number): the server's role owns
-- nothing and reads no table, the order system's role writes one table, and
-- what they may not touch belongs to a third. Roles belong to the cluster, so
-- another database of it may have made them already; then they are left as
-- they are. Passwords are not set here but by passwords.sql at each migration.

BEGIN;

DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('masking_owner', ARRAY['search_path = masking']),
      ('masking_orders', ARRAY['search_path = masking']),
      ('masking_server', ARRAY[
        'search_path = pg_catalog',
        -- An answer is worth 2 s; whatever takes longer is stuck behind a lock.
        'lock_timeout = ''2s''',
        'statement_timeout = ''5s''',
        'idle_in_transaction_session_timeout = ''5s'''])
    ) AS v (name, pinned)
  LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I LOGIN', wanted.name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      CONTINUE;
    END;
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

  -- Whoever migrates acts as the owner; a superuser may without membership. From
  -- PostgreSQL 16 on, who creates a role is its member and still may not act as it.
  BEGIN
    SET LOCAL ROLE masking_owner;
    RESET ROLE;
  EXCEPTION WHEN insufficient_privilege THEN
    EXECUTE format('GRANT masking_owner TO %I', current_user);
  END;
END
$$;

COMMENT ON ROLE masking_owner IS 'Owns the schema masking and everything in it.';
COMMENT ON ROLE masking_orders IS 'The order system: writes masking.orders, nothing else.';
COMMENT ON ROLE masking_server IS 'The web server: may execute its few functions, reads no table.';

COMMIT;
