CREATE OR REPLACE FUNCTION masking.page_head(subject text) RETURNS masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- A page is printed, and left open: it says as of when it is.
  SELECT masking.line('head', '', '', '', coalesce(subject, ''), masking.said_time(now()))
$$;
COMMENT ON FUNCTION masking.page_head(text) IS
  'The first line of every page: what it is about, as an order''s id (NULL: nothing, or nothing was found), and as of when.';
