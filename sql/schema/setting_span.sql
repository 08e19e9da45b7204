-- PL/pgSQL, as everything on the way of an order, because it keeps its plans.
CREATE OR REPLACE FUNCTION masking.setting_span(wanted text) RETURNS interval
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT s.span FROM masking.settings s WHERE s.name = wanted);
END
$$;
COMMENT ON FUNCTION masking.setting_span(text) IS 'The value of one setting that is a length of time.';
