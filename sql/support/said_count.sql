CREATE OR REPLACE FUNCTION masking.said_count(many bigint, one text, several text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT format('%s %s', many, CASE WHEN abs(many) = 1 THEN one ELSE coalesce(several, one || 's') END)
$$;
COMMENT ON FUNCTION masking.said_count(bigint, text, text) IS 'How many there are, with the noun in its number.';
