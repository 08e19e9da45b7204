-- What a table of the user's own refers to may not go, whatever its foreign key is like: deferred, as Django makes them, SET
-- NULL where NULL is not taken; or a trigger of theirs refuses.
CREATE OR REPLACE FUNCTION masking.remove_row(what regclass, place tid) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('DELETE FROM %s t WHERE t.ctid = $1', what) USING place;
  SET CONSTRAINTS ALL IMMEDIATE;
  RETURN true;
EXCEPTION WHEN integrity_constraint_violation OR raise_exception OR insufficient_privilege THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.remove_row(regclass, tid) IS
  'Removes a row that this transaction has locked; false: something of the user''s refers to it, and it stays.';

CREATE OR REPLACE FUNCTION masking.remove_older(what regclass, written_at name, older_than interval, at_most integer)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes the oldest rows of a table that are older than this by the named column, which has an
-- index, so many at most; returns how many. What must stay stays, and is looked at again the next time.
--   locks   those rows, as far as they are free
--   who     retention_run and its parts
DECLARE
  places tid[];
BEGIN
  EXECUTE format('SELECT ARRAY(SELECT o.ctid FROM %s o WHERE o.%I < now() - $1 ORDER BY o.%2$I LIMIT $2 FOR UPDATE SKIP LOCKED)',
    what, written_at) INTO places USING older_than, at_most;
  BEGIN
    EXECUTE format('DELETE FROM %s t WHERE t.ctid = ANY ($1)', what) USING places;
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN cardinality(places);
  EXCEPTION WHEN integrity_constraint_violation OR raise_exception OR insufficient_privilege THEN
    RETURN (SELECT count(*) FILTER (WHERE masking.remove_row(what, p)) FROM unnest(places) p);
  END;
END
$$;
COMMENT ON FUNCTION masking.remove_older(regclass, name, interval, integer) IS
  'Removes the oldest rows of a table beyond an age, so many at most; returns how many.';
