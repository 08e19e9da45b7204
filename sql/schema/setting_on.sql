CREATE OR REPLACE FUNCTION masking.setting_on(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT s.is_on FROM masking.settings s WHERE s.name = wanted);
END
$$;
COMMENT ON FUNCTION masking.setting_on(text) IS 'Whether a switch among the settings is on.';
