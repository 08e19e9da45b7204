CREATE OR REPLACE FUNCTION masking.lock_holders()
RETURNS TABLE (pid integer, role text, application text, holds text, waiting bigint, waiting_since timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Who holds what others of this database wait for, or a lock on a table of ours that lets nobody write to it:
  -- servers wait for 200 ms only, so nobody may be seen waiting while every caller hears an apology.
  -- Reads pg_locks and pg_stat_activity alone, which no lock hides.
  WITH waits AS (
    SELECT w.pid, w.waitstart, unnest(pg_blocking_pids(w.pid)) AS by_pid
    FROM pg_locks w
    WHERE NOT w.granted AND w.pid <> pg_backend_pid()
      AND w.pid IN (SELECT a.pid FROM pg_stat_activity a WHERE a.datname = current_database())
  ), held AS (
    SELECT l.pid, string_agg(DISTINCT c.relname::text, ', ') AS tables
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation AND c.relnamespace = 'masking'::regnamespace AND c.relkind = 'r'
    WHERE l.granted AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')
    GROUP BY l.pid
  )
  SELECT h.pid, coalesce(a.usename::text, 'unknown'), coalesce(nullif(a.application_name, ''), 'unnamed'),
    coalesce((SELECT e.tables FROM held e WHERE e.pid = h.pid), 'rows'),
    (SELECT count(DISTINCT w.pid) FROM waits w WHERE w.by_pid = h.pid), (SELECT min(w.waitstart) FROM waits w WHERE w.by_pid = h.pid)
  FROM (SELECT e.pid FROM held e UNION SELECT w.by_pid FROM waits w) h (pid)
  LEFT JOIN pg_stat_activity a ON a.pid = h.pid
  -- (Who waits for somebody himself is no more than the second in the row.)
  WHERE NOT EXISTS (SELECT FROM waits w WHERE w.pid = h.pid)
  ORDER BY 5 DESC, h.pid
  LIMIT 10
$$;
COMMENT ON FUNCTION masking.lock_holders() IS
  'Who holds up others: role and application, the tables of ours that nobody can write to meanwhile (or rows), how many wait and since when.';

CREATE OR REPLACE FUNCTION masking.lock_lines() RETURNS SETOF masking.console_line
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT masking.line('answer', 'bad', '', '',
    CASE WHEN h.holds = 'rows' THEN format('A transaction of %s (%s) holds up %s others: callers may hear an apology.', h.role, h.application, h.waiting)
      ELSE format('%s (%s) has locked %s: callers may hear an apology.', h.role, h.application, h.holds) END,
    format('%sIt is process %s of the database; as a superuser, SELECT pg_terminate_backend(%s) ends it, and takes back what it was doing.',
      CASE WHEN h.waiting > 0 THEN format('%s wait, the first since %s. ', h.waiting, masking.said_time(h.waiting_since)) ELSE '' END, h.pid, h.pid))
  FROM masking.lock_holders() h
$$;
COMMENT ON FUNCTION masking.lock_lines() IS 'Who holds up others, as lines of a page; none: nobody.';

CREATE OR REPLACE FUNCTION masking.console_locks(who text) RETURNS SETOF masking.console_line
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- Reads nothing that somebody could have locked. Called by the console, when a page could not be made.
  SELECT * FROM masking.lock_lines()
$$;
COMMENT ON FUNCTION masking.console_locks(text) IS 'Does something hold up calls? What the console says where a page could not be made.';
GRANT EXECUTE ON FUNCTION masking.console_locks(text) TO masking_console;
