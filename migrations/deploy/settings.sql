-- Deploy number-masking:settings to pg
--
-- What an operator may tune without a new release, one row each, with its meaning
-- beside it, because a bare value in a table is a riddle. A setting is of one kind,
-- and its value stands in the column of that kind. A span is kept as exact
-- seconds: "1 day" is 24 hours, also where summer time begins.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.settings (
  name text COLLATE "C" PRIMARY KEY,
  span interval,
  is_on boolean,
  amount integer,
  word text COLLATE "C",
  allowed text,
  meaning text NOT NULL,
  CONSTRAINT one_kind CHECK (num_nonnulls(span, is_on, amount, word) = 1),
  CONSTRAINT span_in_bounds CHECK (span BETWEEN interval '0' AND interval '876000 hours'),
  CONSTRAINT amount_in_bounds CHECK (amount BETWEEN 0 AND 1000000000),
  CONSTRAINT word_allowed CHECK (word ~ ('^(' || allowed || ')$')),
  CONSTRAINT longest_life_is_some CHECK (name <> 'longest_life' OR span > interval '0')
);
COMMENT ON TABLE masking.settings IS
  'Everything about routing and the record an operator may change; a change counts for what happens after it.';
COMMENT ON COLUMN masking.settings.name IS 'Which setting.';
COMMENT ON COLUMN masking.settings.span IS 'The value of a setting that is a length of time.';
COMMENT ON COLUMN masking.settings.is_on IS 'The value of a setting that is a switch.';
COMMENT ON COLUMN masking.settings.amount IS 'The value of a setting that is a number of something.';
COMMENT ON COLUMN masking.settings.word IS 'The value of a setting that is a word.';
COMMENT ON COLUMN masking.settings.allowed IS 'Which words it may be, as a regular expression; NULL: it is no word.';
COMMENT ON COLUMN masking.settings.meaning IS 'What it decides.';

-- Spans are exact: no days, which are 23 hours once a year. A setting that is missing, or
-- of another kind, would be a NULL in every time reckoned with it.
CREATE FUNCTION masking.setting_written() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- A country by its name, and only one that is known.
  IF NEW.name = 'national_numbers' AND NEW.word NOT IN ('international', 'refused') THEN
    SELECT coalesce(max(c.country), 'none') INTO NEW.word FROM masking.countries c
    WHERE lower(NEW.word) IN (lower(c.country), lower(c.name));
  END IF;
  NEW.span := make_interval(secs => extract(epoch FROM NEW.span)::double precision);
  IF TG_OP = 'UPDATE' AND (OLD.span IS NULL, OLD.is_on IS NULL, OLD.amount IS NULL, OLD.word IS NULL)
    IS DISTINCT FROM (NEW.span IS NULL, NEW.is_on IS NULL, NEW.amount IS NULL, NEW.word IS NULL)
  THEN
    RAISE EXCEPTION 'settings: % is a setting of another kind', NEW.name
      USING ERRCODE = 'MK007', TABLE = 'settings', HINT = 'Write the column that has its value: span, is_on, amount or word.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION masking.setting_written() IS 'Trigger: makes spans exact seconds, and keeps each setting''s kind.';
CREATE TRIGGER written BEFORE INSERT OR UPDATE ON masking.settings
FOR EACH ROW EXECUTE FUNCTION masking.setting_written();

INSERT INTO masking.settings (name, span, meaning) VALUES
  ('customer_grace', '30 minutes', 'how long a customer still reaches the agent after the order is completed'),
  ('agent_grace', '5 minutes', 'how long an agent still reaches the customer after the order is completed'),
  ('longest_life', '12 hours', 'how long after assignment an order nobody completes connects calls'),
  ('cool_off', '24 hours', 'how long after the last possible call a person''s proxy number is given to no other counterpart of theirs; cut short, oldest first, when no number is free'),
  ('lock_wait', '2 seconds', 'how long an order waits for another transaction that is routing the same people, never beyond the middle of its statement_timeout or transaction_timeout; after that it commits without a proxy number and gets one later'),
  ('forget_after', '90 days', 'how long after an order''s numbers could last connect a call they are replaced by keyed hashes; 0: never'),
  ('keep_orders', '400 days', 'how long after they could last connect a call orders and their routes are kept; 0: for ever'),
  ('keep_calls', '400 days', 'how long calls are kept; 0: for ever'),
  ('keep_messages', '90 days', 'how long the record of text messages is kept; 0: for ever'),
  ('keep_feed', '7 days', 'how long what the feed told is kept; 0: for ever');
INSERT INTO masking.settings (name, amount, meaning) VALUES
  ('texts_per_minute', 10, 'how many texts each way about an order within a minute are taken for people: when both sides wrote so many no more are forwarded, so that two phones that answer each other by themselves come to an end; 0: any number');
INSERT INTO masking.settings (name, is_on, meaning) VALUES
  ('refuse_unmasked', false, 'true: an order for which no proxy number is free fails with SQLSTATE MK002; false: it commits without one'),
  ('any_number', false, 'true: a caller who dials a number of the pool on which he reaches nobody, and has one live counterpart, is connected, showing that order''s own number, from which his texts are sent on too; false: he is told to dial that, and his texts go to nobody'),
  ('codes', false, 'true: orders get codes, and callers who reach nobody are asked for one, but not who has an order on another number; counts for orders written after it, see masking.issue_codes()');

INSERT INTO masking.settings (name, amount, meaning) VALUES
  ('calls_per_hour', 0, 'how many calls of one pair of people are put through within an hour, both directions together; 0: as many as they like');

INSERT INTO masking.settings (name, word, allowed, meaning) VALUES
  ('national_numbers', 'international', 'international|refused|[A-Z]{2}', 'what a number without "+" or "00" is: international (digits, country code first); refused; or a country, as US or India: one of its own, with or without trunk prefix or country code, where that can be told'),
  ('bad_numbers', 'refused', 'refused|unmasked', 'an order with a number that is none, or that may not be used: refused with an error; unmasked: it commits without that number, and unmasked_orders says why');
INSERT INTO masking.settings (name, is_on, meaning) VALUES
  ('feed_numbers', false, 'true: the feed tells when an order''s number comes, changes or is gone'),
  ('feed_calls', false, 'true: the feed tells of calls about orders, once they have ended'),
  ('feed_texts', false, 'true: the feed tells of texts about orders that were not delivered'),
  ('feed_blocks', false, 'true: the feed tells when a side of an order is blocked or unblocked');
INSERT INTO masking.settings (name, is_on, meaning) VALUES
  ('greet_caller', false, 'true: who calls hears the sentence greet_caller of prompts before the other side is rung'),
  ('greet_callee', false, 'true: who is called hears the sentence greet_callee of prompts before the two are connected, which may name the order as orders.spoken has it');
INSERT INTO masking.settings (name, is_on, meaning) VALUES
  ('any_prefix', false, 'true: where no number whose prefix serves both people is free, any other enabled one is better than none');

CREATE FUNCTION masking.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '%: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'MK007', TABLE = TG_TABLE_NAME, HINT = TG_ARGV[0];
END
$$;
COMMENT ON FUNCTION masking.refuse_change() IS 'Trigger: refuses what would break routing silently; its argument says what to do instead.';

CREATE TRIGGER keep BEFORE DELETE ON masking.settings
FOR EACH ROW EXECUTE FUNCTION masking.refuse_change('Change its value; every setting must be there.');
-- (A subscriber of a publication writes every column.)
CREATE TRIGGER keep_name BEFORE UPDATE ON masking.settings FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
EXECUTE FUNCTION masking.refuse_change('Change its value; every setting must be there.');
CREATE TRIGGER keep_all BEFORE TRUNCATE ON masking.settings
EXECUTE FUNCTION masking.refuse_change('Change the values; every setting must be there.');
ALTER TABLE masking.settings ENABLE ALWAYS TRIGGER written;
ALTER TABLE masking.settings ENABLE ALWAYS TRIGGER keep;
ALTER TABLE masking.settings ENABLE ALWAYS TRIGGER keep_name;
ALTER TABLE masking.settings ENABLE ALWAYS TRIGGER keep_all;

-- A forgotten number leaves a keyed hash, so that counting and joining by person
-- still works. The key matters: there are few enough phone numbers to hash them all.
-- Deleting the key's row makes every hash meaningless for good.
CREATE TABLE masking.secrets (
  name text PRIMARY KEY,
  value bytea NOT NULL
);
COMMENT ON TABLE masking.secrets IS 'Keys made in this database; they never leave it. Granted to nobody.';
COMMENT ON COLUMN masking.secrets.name IS 'What it is for.';
COMMENT ON COLUMN masking.secrets.value IS 'The key.';

INSERT INTO masking.secrets (name, value)
SELECT 'number_hashes', sha256((gen_random_uuid()::text || gen_random_uuid())::bytea);

COMMIT;
