CREATE OR REPLACE FUNCTION masking.support_reads(view text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- For the WHERE of views that support may read: PostgreSQL's log says that they did. No column is
-- in it, so a statement asks it once, before its first row. STABLE, as the log is no table: a
-- standby and a read-only transaction will do.
--   who  whoever reads such a view; only support is told of
BEGIN
  IF pg_has_role(session_user, 'masking_support', 'MEMBER') THEN
    RAISE LOG 'masking: % looked at %', session_user, to_regclass('masking.' || quote_ident(view));
  END IF;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.support_reads(text) IS
  'true; where support reads a view, a line of PostgreSQL''s log says so, whatever becomes of the transaction.';
GRANT EXECUTE ON FUNCTION masking.support_reads(text) TO masking_orders, masking_support;
