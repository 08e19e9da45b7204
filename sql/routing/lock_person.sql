CREATE OR REPLACE FUNCTION masking.lock_person(person bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Before a person is blocked, or a phone becomes a proxy number: an order of this person that is being written is there
-- afterwards, or sees it.
--   locks  the person, then the rules (change_rules): each tried for lock_wait, else MK012
--   who    block_person, unblock_person, proxy_number_written
BEGIN
  IF NOT masking.lock_by(clock_timestamp() + masking.patience(), 'masking.people', masking.lock_key(person)) THEN
    RAISE EXCEPTION 'number: "%" is being used by an order that is being written', masking.redacted(person::text)
      USING ERRCODE = 'MK012', COLUMN = 'number', HINT = 'Try again.';
  END IF;
  PERFORM masking.change_rules(for_anybody => false);
END
$$;
COMMENT ON FUNCTION masking.lock_person(bigint) IS
  'Keeps others from routing a person until this transaction ends, or MK012.';
