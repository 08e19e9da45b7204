CREATE OR REPLACE FUNCTION masking.remove_feed(at_most integer) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes what the feed told longer ago than keep_feed says, and notes up to where.
--   writes  feed, feed_counter
--   locks   the counter, if it is free
--   who     retention_run
DECLARE
  span CONSTANT interval := masking.setting_span('keep_feed');
  last record;
  removed integer;
BEGIN
  SELECT f.position, f.told_at INTO last FROM (
    SELECT o.position, o.told_at FROM masking.feed o ORDER BY o.position LIMIT at_most) f
  WHERE span > interval '0' AND f.told_at < now() - span
  ORDER BY f.position DESC LIMIT 1;
  IF last IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM FROM masking.feed_counter FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  DELETE FROM masking.feed f WHERE f.position <= last.position;
  GET DIAGNOSTICS removed = ROW_COUNT;
  UPDATE masking.feed_counter SET removed = last.position, removed_told_at = last.told_at;
  RETURN removed;
END
$$;
COMMENT ON FUNCTION masking.remove_feed(integer) IS 'Removes the oldest rows of the feed beyond keep_feed; returns how many.';
