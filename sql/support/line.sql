CREATE OR REPLACE FUNCTION masking.line(part text, tone text, link text, key text, VARIADIC cells text[])
RETURNS masking.console_line
LANGUAGE sql IMMUTABLE
AS $$
  SELECT ROW (part, tone, link, key, cells)::masking.console_line
$$;
COMMENT ON FUNCTION masking.line(text, text, text, text, text[]) IS 'One line of a page of the console.';
