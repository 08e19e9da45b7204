-- Revert number-masking:least_privilege from pg
--
-- Back to what PostgreSQL has by default.

BEGIN;

DO $$
BEGIN
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM masking_orders, masking_owner', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
  END IF;
END
$$;

COMMIT;
