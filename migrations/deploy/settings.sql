-- Deploy number-masking:settings to pg
--
-- What an operator may tune without a new release. One row each, with its unit
-- and its meaning beside it, because a bare number in a table is a riddle.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.settings (
  name text PRIMARY KEY,
  value numeric NOT NULL,
  unit text NOT NULL CHECK (unit IN ('seconds', 'minutes', 'hours', 'days', '0 or 1')),
  meaning text NOT NULL,
  CHECK (value BETWEEN 0 AND 100000),
  CHECK (unit <> '0 or 1' OR value IN (0, 1)),
  CHECK (name <> 'longest_life' OR value > 0)
);
COMMENT ON TABLE masking.settings IS
  'Everything about routing an operator may change; a change counts for what happens after it.';
COMMENT ON COLUMN masking.settings.name IS 'Which setting.';
COMMENT ON COLUMN masking.settings.value IS 'Its value, counted in unit.';
COMMENT ON COLUMN masking.settings.unit IS 'What value counts.';
COMMENT ON COLUMN masking.settings.meaning IS 'What it decides.';

INSERT INTO masking.settings (name, value, unit, meaning) VALUES
  ('customer_grace', 30, 'minutes', 'how long a customer still reaches the agent after the order is completed'),
  ('agent_grace', 5, 'minutes', 'how long an agent still reaches the customer after the order is completed'),
  ('longest_life', 12, 'hours', 'how long after assignment an order nobody completes connects calls'),
  ('cool_off', 24, 'hours', 'how long after the last possible call a person''s proxy number is given to no other counterpart of theirs; cut short, oldest first, when no number is free'),
  ('refuse_unmasked', 0, '0 or 1', '1: an order for which no proxy number is free fails with SQLSTATE MK002; 0: it commits without one'),
  ('lock_wait', 2, 'seconds', 'how long an order waits for another transaction that is routing the same people; after that it commits without a proxy number and gets one later'),
  ('forget_after', 90, 'days', 'how long after an order''s numbers could last connect a call they are replaced by keyed hashes');

-- PL/pgSQL, as everything on the way of an order, because it keeps its plans.
CREATE FUNCTION masking.setting_span(wanted text) RETURNS interval
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT s.value::double precision * ('1 ' || s.unit)::interval
    FROM masking.settings s
    WHERE s.name = wanted);
END
$$;
COMMENT ON FUNCTION masking.setting_span(text) IS 'The value of one setting that is a length of time.';

CREATE FUNCTION masking.refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '%: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'MK007', TABLE = TG_TABLE_NAME, HINT = TG_ARGV[0];
END
$$;
COMMENT ON FUNCTION masking.refuse_change() IS 'Trigger: refuses what would break routing silently; its argument says what to do instead.';

-- A setting that is missing would be a NULL in every time reckoned with it.
CREATE TRIGGER keep BEFORE DELETE OR UPDATE OF name ON masking.settings
FOR EACH ROW EXECUTE FUNCTION masking.refuse_change('Change its value; every setting must be there.');
CREATE TRIGGER keep_all BEFORE TRUNCATE ON masking.settings
EXECUTE FUNCTION masking.refuse_change('Change the values; every setting must be there.');

COMMIT;
