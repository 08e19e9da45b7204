CREATE OR REPLACE FUNCTION masking.asked_call(
  from_number text, to_number text, at timestamptz, from_name text DEFAULT 'from', to_name text DEFAULT 'to', OUT caller bigint, OUT dialled bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Which call somebody asks about. A number of ours is what the pool has, however numbers are to be written.
-- Who called is read as the webhook reads it, with the country of the number dialled; else as people write
-- numbers; of two readings the one that has orders. With no number dialled it is the one to dial by the order
-- nearest to that time, else one of the pool; 0: any.
--   reads  proxy_numbers, what orders_of_person reads
--   who    explain_route, console_why
DECLARE
  written CONSTANT text := masking.without_marks(from_number) COLLATE "C";
  plivos CONSTANT bigint := CASE
    WHEN written ~ '^[1-9][0-9]{6,14}$' THEN masking.number_of(written)
    WHEN written ~ '^0[1-9][0-9]{5,13}$' THEN -masking.number_of(substr(written, 2)) END;
  as_written bigint;
BEGIN
  IF from_number IS NULL THEN
    RAISE EXCEPTION '%: is missing', from_name USING ERRCODE = 'MK001', COLUMN = from_name;
  END IF;
  IF to_number IS NOT NULL THEN
    dialled := coalesce(
      (SELECT p.e164 FROM masking.proxy_numbers p WHERE p.number = regexp_replace(masking.without_marks(to_number) COLLATE "C", '[^0-9]', '', 'g')),
      masking.number_of(masking.e164(to_number, to_name)));
  END IF;
  BEGIN
    as_written := masking.number_of(masking.e164(from_number, from_name));
  EXCEPTION WHEN SQLSTATE 'MK001' THEN
    -- Plivo may know better.
  END;
  SELECT r.caller, coalesce(asked_call.dialled, o.proxy, r.proxy, (SELECT min(p.e164) FROM masking.proxy_numbers p), 0) INTO caller, dialled
  FROM (
    SELECT masking.caller_of(plivos, d.proxy) AS caller, min(nullif(d.proxy, 0)) AS proxy, 1 AS rank
    FROM (SELECT coalesce(asked_call.dialled, 0) AS proxy
      UNION ALL SELECT p.e164 FROM masking.proxy_numbers p WHERE asked_call.dialled IS NULL) d
    GROUP BY 1
    UNION ALL
    SELECT as_written, NULL, 2
  ) r
  LEFT JOIN LATERAL masking.orders_of_person(r.caller, at, 1) o ON true
  WHERE r.caller IS NOT NULL
  ORDER BY o.order_id IS NULL, r.rank, r.proxy
  LIMIT 1;
  IF caller IS NULL THEN
    PERFORM masking.e164(from_number, from_name);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.asked_call(text, text, timestamptz, text, text) IS
  'Who called which number, of two numbers that somebody typed; MK001 with the name of one that cannot be read.';
