CREATE OR REPLACE FUNCTION masking.looked(who text, page text, subject text) RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO masking.console_log (who, page, subject) VALUES (left(coalesce(who, 'nobody'), 64), page, left(subject, 200))
$$;
COMMENT ON FUNCTION masking.looked(text, text, text) IS
  'Puts on record who looked at what. Granted to nobody: the functions that show something call it.';
