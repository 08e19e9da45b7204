CREATE OR REPLACE FUNCTION masking.feed_life() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- A standby that took over, a restored backup, a dump in another database or in a table made anew: each
  -- differs in one of these, and may lack what was told last.
  SELECT format('%s %s %s', d.oid, pg_relation_filenode('masking.feed_counter'), extract(epoch FROM pg_postmaster_start_time()))
  FROM pg_database d
  WHERE d.datname = current_database()
$$;
COMMENT ON FUNCTION masking.feed_life() IS
  'Which database this is, since which start of PostgreSQL: where it is another one, rows may have been lost.';

CREATE OR REPLACE FUNCTION masking.is_due(kind text, happened_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT kind <> 'call' OR NOT masking.is_recent(happened_at, interval '10 seconds')
$$;
COMMENT ON FUNCTION masking.is_due(text, timestamptz) IS
  'Whether what is in feed_inbox may get its position now: a call ten seconds after the first word of its end.';

CREATE OR REPLACE FUNCTION masking.feed_begin(c masking.feed_counter) RETURNS masking.feed_counter
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Another life: positions go on behind all that a former life can have given, so that a reader of rows that are lost has a
-- position which is not here (feed_after). The microseconds since 2026 are such a position: no life gives a million
-- rows a second, also none of which this database knows nothing. JavaScript's numbers hold them exactly.
BEGIN
  c.position := greatest(c.position + 1000000000, (extract(epoch FROM now() - '2026-01-01 00:00+00') * 1000000)::bigint);
  c.life := masking.feed_life();
  c.life_began := c.position;
  c.life_began_at := now();
  c.settled_id := 0;
  c.probe_id := NULL;
  c.probe_xid := NULL;
  RETURN c;
END
$$;
COMMENT ON FUNCTION masking.feed_begin(masking.feed_counter) IS 'The counter as a new life of the database begins with it.';

CREATE OR REPLACE FUNCTION masking.feed_move(c masking.feed_counter, at_most integer, OUT taken integer, OUT told integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Moves what is due from the inbox into the feed. Texts that were told already, and calls that
-- are about no order by now (the caller heard an apology), go without a row.
--   reads   calls (call_life)
--   writes  feed, feed_inbox
--   who     feed_run, which holds the counter's row: nobody else writes the feed
BEGIN
  WITH due AS MATERIALIZED (
    SELECT i.*, i.ctid AS place FROM masking.feed_inbox i
    WHERE i.feed_id > c.settled_id AND masking.is_due(i.kind, i.happened_at)
    ORDER BY i.feed_id
    LIMIT at_most
  ), gone AS (
    DELETE FROM masking.feed_inbox i WHERE i.ctid = ANY (ARRAY(SELECT d.place FROM due d))
  ), news AS (
    SELECT d.feed_id, d.happened_at, d.kind, coalesce(d.what, l.became, 'no end told') AS what,
      coalesce(d.order_ids, l.order_ids) AS order_ids, coalesce(d.side, l.side) AS side,
      coalesce(d.proxy_number, l.proxy::text) AS proxy_number, d.former_number,
      l.answered, l.talk_seconds AS seconds, d.uuid
    FROM due d
    LEFT JOIN masking.call_life l ON d.kind = 'call' AND l.call_uuid = d.uuid
    WHERE d.kind <> 'text' OR NOT EXISTS (SELECT FROM masking.feed f WHERE f.uuid = d.uuid AND f.kind = 'text')
      AND NOT EXISTS (SELECT FROM due e WHERE e.uuid = d.uuid AND e.kind = 'text' AND e.feed_id < d.feed_id)
  ), made AS (
    INSERT INTO masking.feed (position, happened_at, kind, what, order_ids, side, proxy_number, former_number, answered, seconds, uuid)
    SELECT c.position + row_number() OVER (ORDER BY n.feed_id),
      n.happened_at, n.kind, n.what, n.order_ids, n.side, n.proxy_number, n.former_number, n.answered, n.seconds, n.uuid
    FROM news n
    WHERE n.order_ids IS NOT NULL
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM made) INTO taken, told;
END
$$;
COMMENT ON FUNCTION masking.feed_move(masking.feed_counter, integer) IS
  'Gives so many rows of the inbox that are due their positions, beginning after the counter''s; how many were taken, and how many told.';

CREATE OR REPLACE FUNCTION masking.feed_sweep(c masking.feed_counter, up_to timestamptz, at_most integer, OUT swept_to timestamptz, OUT told integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Tells of calls that must have ended by now, and of whose end no word came. A word that comes after this is told no more:
-- the trigger "told" on calls sees given_up. A call whose row another transaction holds is left for a later run, which begins
-- with it; only calls more than at_most behind it wait for that.
--   reads   calls (by time)
--   writes  feed, calls
--   locks   rows of calls, skipped where locked
--   who     feed_run
BEGIN
  WITH old AS MATERIALIZED (
    SELECT k.call_uuid, k.called_at, k.order_ids IS NOT NULL AND k.given_up IS NULL
      AND num_nonnulls(k.dial_status, k.callee_ended, k.caller_ended) = 0 AS is_open
    FROM masking.calls k
    WHERE k.called_at > c.swept_to AND k.called_at <= up_to
    ORDER BY k.called_at
    FETCH FIRST at_most ROWS WITH TIES
  ), free AS MATERIALIZED (
    SELECT k.call_uuid FROM old o JOIN masking.calls k ON k.call_uuid = o.call_uuid
    WHERE o.is_open
    FOR NO KEY UPDATE OF k SKIP LOCKED
  ), given_up AS (
    UPDATE masking.calls k SET given_up = true
    FROM free f
    WHERE k.call_uuid = f.call_uuid AND num_nonnulls(k.dial_status, k.callee_ended, k.caller_ended) = 0
    RETURNING k.call_uuid
  ), made AS (
    INSERT INTO masking.feed (position, happened_at, kind, what, order_ids, side, proxy_number, answered, seconds, uuid)
    SELECT c.position + row_number() OVER (ORDER BY l.called_at, l.call_uuid),
      l.called_at, 'call', coalesce(l.became, 'no end told'), l.order_ids, l.side, l.proxy::text, l.answered, l.talk_seconds, l.call_uuid
    FROM given_up g
    JOIN masking.call_life l ON l.call_uuid = g.call_uuid
    RETURNING 1
  )
  SELECT least(CASE WHEN (SELECT count(*) FROM old) < at_most THEN up_to ELSE (SELECT max(o.called_at) FROM old o) END,
      (SELECT min(o.called_at) - interval '1 microsecond' FROM old o WHERE o.is_open AND o.call_uuid NOT IN (SELECT f.call_uuid FROM free f))),
    (SELECT count(*) FROM made)
  INTO swept_to, told;
END
$$;
COMMENT ON FUNCTION masking.feed_sweep(masking.feed_counter, timestamptz, integer) IS
  'Tells of calls up to that time whose end was not told; how far it came, and of how many.';

CREATE OR REPLACE FUNCTION masking.feed_run(longest_call double precision, at_most integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Gives what is committed its positions. In a statement of its own: each query below sees what was committed
-- before it began, and the counter's row is held until the commit.
--   reads   feed_inbox (behind settled_id), calls, settings
--   writes  feed, feed_inbox, feed_counter; nothing where nothing is due
--   locks   feed_counter, if it is free; rows of calls, skipped where locked (feed_sweep)
--   who     a thread of each server, four times a second
DECLARE
  -- Read before this transaction gets its number: every feed_id up to it was drawn by a transaction with a lower one, as
  -- whoever inserts into feed_inbox has written or locked a row before.
  -- (A sequence that nobody has asked yet says 1.)
  drawn CONSTANT bigint := (SELECT s.last_value - (NOT s.is_called)::integer FROM masking.feed_inbox_feed_id_seq s);
  may_probe CONSTANT boolean := pg_current_xact_id_if_assigned() IS NULL;
  tells_calls CONSTANT boolean := masking.setting_on('feed_calls');
  -- (No server says less than a quarter of an hour: somebody else with its password could give up calls that go on.)
  ended_by CONSTANT timestamptz := now() - make_interval(secs => greatest(longest_call, 900));
  c masking.feed_counter;
  taken integer;
  told integer;
  sum integer := 0;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'feed_run must be READ COMMITTED' USING ERRCODE = '25001';
  END IF;
  SELECT * INTO STRICT c FROM masking.feed_counter;
  IF (c.swept_to IS NULL) <> tells_calls AND (tells_calls IS NOT TRUE OR ended_by < c.swept_to + interval '10 seconds')
    AND c.life = masking.feed_life() -- else ids may have begun again, below settled_id
    AND NOT EXISTS (SELECT FROM masking.feed_inbox i WHERE i.feed_id > c.settled_id AND masking.is_due(i.kind, i.happened_at))
  THEN
    RETURN 0;
  END IF;
  SELECT * INTO c FROM masking.feed_counter FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- What a reader has seen must survive a crash, in which PostgreSQL's start stays the same.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'local', true);
  END IF;
  IF c.life <> masking.feed_life() THEN
    c := masking.feed_begin(c);
  END IF;
  SELECT m.taken, m.told INTO taken, told FROM masking.feed_move(c, at_most) m;
  c.position := c.position + told;
  sum := taken;
  c.swept_to := CASE WHEN tells_calls THEN least(c.swept_to, now()) END; -- not a time of a clock that was ahead
  IF ended_by > c.swept_to THEN
    SELECT s.swept_to, s.told INTO c.swept_to, told FROM masking.feed_sweep(c, ended_by, at_most) s;
    c.position := c.position + told;
    sum := sum + told;
  END IF;
  IF may_probe AND (c.probe_xid IS NULL OR pg_snapshot_xmin(pg_current_snapshot()) >= c.probe_xid) THEN
    c.settled_id := least(
      coalesce(c.probe_id, 0), (SELECT min(i.feed_id) - 1 FROM masking.feed_inbox i WHERE i.feed_id > c.settled_id));
    c.probe_id := drawn;
    c.probe_xid := pg_current_xact_id();
  END IF;
  UPDATE masking.feed_counter k SET position = c.position, life = c.life, life_began = c.life_began, life_began_at = c.life_began_at,
    settled_id = c.settled_id, probe_id = c.probe_id, probe_xid = c.probe_xid, swept_to = c.swept_to;
  RETURN sum;
END
$$;
COMMENT ON FUNCTION masking.feed_run(double precision, integer) IS
  'Gives so many things that happened their positions in the feed; longest_call: after so many seconds a call has ended, whether or not that was told. Returns how many were looked at.';
GRANT EXECUTE ON FUNCTION masking.feed_run(double precision, integer) TO masking_server;
