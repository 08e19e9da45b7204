CREATE OR REPLACE FUNCTION masking.is_locked_out(caller bigint) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT count(*) >= 5 FROM masking.code_failures f
    WHERE f.caller = is_locked_out.caller AND f.failed_at > now() - interval '1 hour');
END
$$;
COMMENT ON FUNCTION masking.is_locked_out(bigint) IS 'Five wrong codes within an hour, on whatever numbers.';
