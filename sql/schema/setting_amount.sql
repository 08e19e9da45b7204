CREATE OR REPLACE FUNCTION masking.setting_amount(wanted text) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT s.amount FROM masking.settings s WHERE s.name = wanted);
END
$$;
COMMENT ON FUNCTION masking.setting_amount(text) IS 'The value of one setting that is a number of something.';
