CREATE OR REPLACE FUNCTION masking.as_sentence(words text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT upper(left(words, 1)) || substr(words, 2) || '.'
$$;
COMMENT ON FUNCTION masking.as_sentence(text) IS 'Words as a sentence of their own; NULL: none.';
