CREATE OR REPLACE FUNCTION masking.looked(who text, page text, subject text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Whoever asked may roll back, and the row goes; what is in PostgreSQL's log stays, and only a
  -- superuser can keep it from there (log_min_messages). who is the console's word: its letters only.
  RAISE LOG 'masking: % looked at % % as %', session_user, page, left(subject, 200),
    regexp_replace(left(coalesce(who, 'nobody'), 64), '[^a-zA-Z0-9._@-]', '?', 'g');
  INSERT INTO masking.console_log (who, page, subject) VALUES (left(coalesce(who, 'nobody'), 64), page, left(subject, 200));
END
$$;
COMMENT ON FUNCTION masking.looked(text, text, text) IS
  'Puts on record who looked at what. Granted to nobody: the functions that show something call it.';
