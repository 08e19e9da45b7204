-- Deploy number-masking:proxy_numbers to pg
--
-- The pool. Empty, it means the tutorial's mode: routes match whatever number
-- was dialled, and that number is what the callee sees.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.proxy_numbers (
  number text PRIMARY KEY,
  prefix text NOT NULL DEFAULT '' CHECK (prefix ~ '^[0-9]{0,15}$'),
  enabled boolean NOT NULL DEFAULT true,
  e164 bigint NOT NULL GENERATED ALWAYS AS (number::bigint) STORED UNIQUE
);
COMMENT ON TABLE masking.proxy_numbers IS
  'The pool of Plivo numbers that people dial and see. No row at all: routes match any dialled number.';
COMMENT ON COLUMN masking.proxy_numbers.number IS 'The number, stored as E.164 digits.';
COMMENT ON COLUMN masking.proxy_numbers.prefix IS
  'Serves people whose numbers begin with these digits; empty: everyone.';
COMMENT ON COLUMN masking.proxy_numbers.enabled IS
  'False: given to no new pair; routes that are live stay so.';
COMMENT ON COLUMN masking.proxy_numbers.e164 IS 'The number as routes keep it.';

CREATE FUNCTION masking.proxy_numbers_normalise() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  NEW.number := masking.e164(NEW.number, 'number');
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.proxy_numbers_normalise() IS
  'Trigger: brings a new proxy number into the notation it is compared in.';

CREATE TRIGGER normalise BEFORE INSERT OR UPDATE OF number ON masking.proxy_numbers
FOR EACH ROW EXECUTE FUNCTION masking.proxy_numbers_normalise();

COMMIT;
