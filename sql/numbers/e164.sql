CREATE OR REPLACE FUNCTION masking.e164(value text, column_name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  digits text := (regexp_match(
    translate(value, ' .-()[]', '') COLLATE "C", '^(?:\+|00)?([1-9][0-9]{6,14})$'))[1];
BEGIN
  -- "+44 (0)20 …": a zero to dial or to leave out, depending on where one is.
  IF value COLLATE "C" ~ '[[(] *0 *[])]' THEN
    digits := NULL;
  END IF;
  IF digits IS NULL AND value IS NOT NULL THEN
    RAISE EXCEPTION '%: "%" is not a phone number in international form',
      column_name, masking.redacted(value)
      USING ERRCODE = 'MK001',
        COLUMN = column_name,
        HINT = 'Write country code and number, 7 to 15 digits not starting with 0;'
          ' no zero in brackets; "+", a leading "00", spaces, dots, dashes and brackets are allowed.';
  END IF;
  RETURN digits;
END
$$;
COMMENT ON FUNCTION masking.e164(text, text) IS
  'E.164 digits of a number written by people; NULL for NULL; error MK001 naming the column for anything else.';
