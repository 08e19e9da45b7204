CREATE OR REPLACE FUNCTION masking.looked(who text, page text, subject text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Support's own transaction may be rolled back, and the record with it; PostgreSQL's log stays.
  IF session_user <> 'masking_console' THEN
    RAISE LOG 'masking: % looked at % %', session_user, page, left(subject, 200);
  END IF;
  INSERT INTO masking.console_log (who, page, subject) VALUES (left(coalesce(who, 'nobody'), 64), page, left(subject, 200));
END
$$;
COMMENT ON FUNCTION masking.looked(text, text, text) IS
  'Puts on record who looked at what. Granted to nobody: the functions that show something call it.';
