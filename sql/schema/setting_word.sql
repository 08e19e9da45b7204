CREATE OR REPLACE FUNCTION masking.setting_word(wanted text) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT s.word FROM masking.settings s WHERE s.name = wanted);
END
$$;
COMMENT ON FUNCTION masking.setting_word(text) IS 'The value of one setting that is a word.';
