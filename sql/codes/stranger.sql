-- What becomes of a caller who is on no order. support: a number to ring then;
-- may_ask: the server can ask for codes.
CREATE OR REPLACE FUNCTION masking.stranger(caller bigint, proxy bigint, support bigint, may_ask boolean,
  OUT outcome text, OUT counterpart bigint, OUT digits integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  -- Not even support, whose diverted phone would call us again, and again.
  IF caller = masking.person(proxy) OR EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = caller) THEN
    outcome := 'from_proxy';
    RETURN;
  END IF;
  IF may_ask AND masking.setting_on('codes')
    AND (EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = proxy)
      OR NOT EXISTS (SELECT FROM masking.proxy_numbers))
  THEN
    digits := masking.code_digits(proxy);
  END IF;
  IF digits IS NOT NULL THEN
    outcome := 'ask_code';
    IF masking.is_locked_out(caller) THEN
      outcome := 'locked_out';
      digits := NULL;
    END IF;
  ELSIF support IS NOT NULL AND support NOT IN (caller, proxy) THEN
    outcome := 'support';
    counterpart := support;
  ELSE
    outcome := 'unknown_caller';
  END IF;
END
$$;
COMMENT ON FUNCTION masking.stranger(bigint, bigint, bigint, boolean) IS
  'What becomes of a caller who reaches nobody: asked for a code, sent to support, or told.';
