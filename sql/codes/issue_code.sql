CREATE OR REPLACE FUNCTION masking.issue_code(
  the_order text, the_side text, on_proxy bigint, at timestamptz, until timestamptz, wish text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  candidate text := wish;
BEGIN
  LOOP
    candidate := coalesce(candidate, masking.random_digits(masking.code_length(on_proxy, at)));
    INSERT INTO masking.codes (order_id, side, code, proxy, live)
    VALUES (the_order, the_side, candidate, on_proxy, tstzrange(at, until))
    ON CONFLICT ON CONSTRAINT one_meaning DO NOTHING;
    EXIT WHEN FOUND;
    candidate := NULL;
  END LOOP;
  RETURN candidate;
END
$$;
COMMENT ON FUNCTION masking.issue_code(text, text, bigint, timestamptz, timestamptz, text) IS
  'A new row in codes: with the code wished for if it is free on that number, else with another.';
