-- What a table of the user's own refers to may not go, whatever its foreign key is like: SET NULL where NULL is not taken, or
-- a trigger of theirs that refuses. (Deferred ones are asked at once: see retention_run.)
CREATE OR REPLACE FUNCTION masking.remove_row(what regclass, place tid) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  removed integer;
BEGIN
  EXECUTE format('DELETE FROM %s t WHERE t.ctid = $1', what) USING place;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed > 0;
EXCEPTION WHEN integrity_constraint_violation OR raise_exception OR insufficient_privilege THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION masking.remove_row(regclass, tid) IS
  'Removes a row that this transaction has locked; false: something of the user''s refers to it, and it stays.';

CREATE OR REPLACE FUNCTION masking.is_referred_to(what regclass) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = what AND NOT t.tgisinternal)
    OR EXISTS (SELECT FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      WHERE k.confrelid = what AND k.contype = 'f' AND c.relnamespace <> 'masking'::regnamespace)
$$;
COMMENT ON FUNCTION masking.is_referred_to(regclass) IS
  'Whether a table has a trigger, or a foreign key from another schema: a row of it may have to stay.';

CREATE OR REPLACE FUNCTION masking.remove_one_by_one(
  chore text, what regclass, id name, written_at name, is_needed text, older_than interval, at_most integer) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- As remove_older, where a row may have to stay: such rows are passed and counted, and the next run goes on behind them, so
-- they hold up nothing, whatever their number. is_needed: SQL about a row k that we need still, which is not counted.
--   reads, writes  the table, its row of chores
--   locks   rows of the table, those that are free
--   who     retention_run
DECLARE
  here masking.chores;
  o record;
  removed integer := 0;
  seen integer := 0;
  is_through boolean := true;
  -- Where a foreign key of the user's has no index each row takes a look at that whole table: what was done by then counts.
  deadline CONSTANT timestamptz := clock_timestamp() + interval '1 second';
BEGIN
  SELECT * INTO here FROM masking.chores c WHERE c.name = chore FOR UPDATE;
  FOR o IN EXECUTE format('
    SELECT k.ctid AS place, k.%2$I AS id, k.%3$I AS at, %4$s AS is_needed FROM %1$s k
    WHERE k.%3$I < now() - $1 AND (k.%3$I, k.%2$I) > ($2, $3)
    ORDER BY k.%3$I, k.%2$I LIMIT $4 FOR UPDATE SKIP LOCKED', what, id, written_at, is_needed)
    USING older_than, coalesce(here.reached_time, '-infinity'), coalesce(here.reached_id, ''), at_most
  LOOP
    seen := seen + 1;
    here.reached_time := o.at;
    here.reached_id := o.id;
    IF o.is_needed THEN
      CONTINUE;
    ELSIF masking.remove_row(what, o.place) THEN
      removed := removed + 1;
    ELSE
      here.finding := here.finding + 1;
    END IF;
    IF clock_timestamp() > deadline THEN
      is_through := false;
      EXIT;
    END IF;
  END LOOP;
  IF is_through AND seen < at_most THEN
    UPDATE masking.chores c SET found = here.finding, finding = 0, reached_time = NULL, reached_id = NULL, finished_at = now()
    WHERE c.name = chore;
  ELSE
    UPDATE masking.chores c SET finding = here.finding, reached_time = here.reached_time, reached_id = here.reached_id
    WHERE c.name = chore;
  END IF;
  RETURN removed;
END
$$;
COMMENT ON FUNCTION masking.remove_one_by_one(text, regclass, name, name, text, interval, integer) IS
  'Removes rows of a table beyond an age, the oldest first, but those that we or a table of the user''s need; returns how many.';
