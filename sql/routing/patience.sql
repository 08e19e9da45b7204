-- An order that would wait longer than its own statement may last would be lost, not routed later.
CREATE OR REPLACE FUNCTION masking.patience() RETURNS interval
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  longest CONSTANT interval := masking.setting_span('lock_wait');
  statement CONSTANT interval := current_setting('statement_timeout')::interval;
  -- (There since PostgreSQL 17.)
  transaction CONSTANT interval := coalesce(current_setting('transaction_timeout', true), '0')::interval;
BEGIN
  RETURN greatest('0', least(longest,
    CASE WHEN statement > '0' THEN statement_timestamp() + statement / 2 - clock_timestamp() END,
    CASE WHEN transaction > '0' THEN now() + transaction / 2 - clock_timestamp() END));
END
$$;
COMMENT ON FUNCTION masking.patience() IS
  'How long to try for a lock from now on: lock_wait, but no longer than to the middle of the time that the session gives its statement (statement_timeout) or transaction.';
