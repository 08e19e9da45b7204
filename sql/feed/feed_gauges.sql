CREATE OR REPLACE FUNCTION masking.feed_gauges() RETURNS TABLE (name text, labels text, value double precision)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'feed_waiting_seconds', '', greatest((
    SELECT extract(epoch FROM now() - i.happened_at)::double precision
    FROM masking.feed_inbox i
    WHERE i.feed_id > (SELECT c.settled_id FROM masking.feed_counter c) AND masking.is_due(i.kind, i.happened_at)
    ORDER BY i.feed_id LIMIT 1), 0)
$$;
COMMENT ON FUNCTION masking.feed_gauges() IS 'How long the oldest thing that is due has waited for its position in the feed.';
