CREATE OR REPLACE FUNCTION masking.class_names() RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT '{answered,not_taken,not_put_through,turned_away,apologised,open}'::text[]
$$;
COMMENT ON FUNCTION masking.class_names() IS 'What a call may count as (outcomes.class), in the order in which people are told.';

CREATE OR REPLACE FUNCTION masking.said_class(class text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE class
    WHEN 'answered' THEN 'answered'
    WHEN 'not_taken' THEN 'rung, not taken'
    WHEN 'not_put_through' THEN 'could not be put through'
    WHEN 'turned_away' THEN 'nobody was rung'
    WHEN 'apologised' THEN 'heard an apology'
    WHEN 'open' THEN 'no end told yet'
  END
$$;
COMMENT ON FUNCTION masking.said_class(text) IS 'What a call counts as (call_life.class), in words.';

CREATE OR REPLACE FUNCTION masking.class_tone(class text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE class WHEN 'answered' THEN 'good' WHEN 'open' THEN '' WHEN 'apologised' THEN 'bad' WHEN 'not_put_through' THEN 'bad' ELSE 'warn' END
$$;
COMMENT ON FUNCTION masking.class_tone(text) IS 'good: somebody answered; bad: it is for us to mend; warn: neither; '''': not over.';
