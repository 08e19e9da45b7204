CREATE OR REPLACE FUNCTION masking.said_phone(number bigint) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN number < 0 THEN 'whose number is forgotten' ELSE masking.redacted(number::text) END
$$;
COMMENT ON FUNCTION masking.said_phone(bigint) IS 'A party''s phone as people may see it: two digits, or that it is forgotten.';
