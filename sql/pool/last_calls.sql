CREATE OR REPLACE FUNCTION masking.note_last_calls() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Reads what came since the last look, and the minute before it, as who was writing then is seen now. The latest 20,000 at most:
-- a number that is called is among the next ones. (An apology that is put on record after an outage may be missed; nobody
-- needs it to know that the number is reached.) A call that we placed says nothing of how the number is reached.
--   reads   proxy_numbers, calls and messages (by time)
--   writes  last_calls, only what differs; its row of chores
--   who     number_gauges, of the chore gauges: one transaction at a time
DECLARE
  since CONSTANT timestamptz := (
    SELECT least(c.reached_time, now()) - interval '1 minute' FROM masking.chores c WHERE c.name = 'last_calls');
BEGIN
  DELETE FROM masking.last_calls l WHERE NOT EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = l.number);
  WITH came AS MATERIALIZED (
    (SELECT c.proxy, c.called_at AS at, c.placed FROM masking.calls c
      WHERE c.called_at > coalesce(since, '-infinity') ORDER BY c.called_at DESC LIMIT 20000)
    UNION ALL
    (SELECT m.proxy, m.received_at, NULL FROM masking.messages m
      WHERE m.received_at > coalesce(since, '-infinity') ORDER BY m.received_at DESC LIMIT 20000)
  ), last AS MATERIALIZED (
    SELECT c.proxy, max(c.at) AS at FROM came c WHERE c.placed IS NULL GROUP BY c.proxy
  )
  INSERT INTO masking.last_calls AS l (number, enabled_at, called_at)
  -- (Seen for the first time, it was in use when it was called.)
  SELECT p.e164, CASE WHEN p.enabled THEN coalesce(former.enabled_at, CASE WHEN former.number IS NULL THEN last.at END, now()) END,
    greatest(former.called_at, last.at)
  FROM masking.proxy_numbers p
  LEFT JOIN masking.last_calls former ON former.number = p.e164
  LEFT JOIN last ON last.proxy = p.e164
  ON CONFLICT (number) DO UPDATE SET enabled_at = EXCLUDED.enabled_at, called_at = EXCLUDED.called_at
  WHERE (l.enabled_at, l.called_at) IS DISTINCT FROM (EXCLUDED.enabled_at, EXCLUDED.called_at);
  UPDATE masking.chores c SET reached_time = now() WHERE c.name = 'last_calls';
END
$$;
COMMENT ON FUNCTION masking.note_last_calls() IS 'Notes when each number of the pool was called or written to last, reading what came since the last look.';
