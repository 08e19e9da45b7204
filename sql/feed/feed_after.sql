CREATE OR REPLACE FUNCTION masking.feed_after(after bigint, at_most integer DEFAULT 100) RETURNS SETOF masking.feed
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- STABLE, so that all of it sees what one moment had.
--   reads   feed, feed_counter
--   who     the order system
#variable_conflict use_column
DECLARE
  seen CONSTANT bigint := coalesce(after, 0);
  c masking.feed_counter;
  news masking.feed;
BEGIN
  SELECT * INTO c FROM masking.feed_counter;
  IF c.life <> masking.feed_life() THEN -- feed_run has not begun this one yet, and will begin it here
    c.life_began := c.position;
    c.life_began_at := now();
  END IF;
  IF seen > 0 AND seen < c.removed THEN
    news.kind := 'behind';
    news.what := 'what was told before was removed';
    news.position := c.removed;
    news.happened_at := c.removed_told_at;
  ELSIF seen > c.position OR seen NOT IN (0, c.position, c.removed) AND NOT EXISTS (
    SELECT FROM masking.feed f WHERE f.position BETWEEN seen AND seen + 1)
  THEN
    news.kind := 'reset';
    news.what := 'that position is not of this database';
    news.position := c.life_began;
    news.happened_at := c.life_began_at;
  ELSE
    RETURN QUERY
    SELECT f.* FROM masking.feed f WHERE f.position > seen ORDER BY f.position LIMIT least(greatest(at_most, 1), 1000);
    RETURN;
  END IF;
  news.told_at := now();
  news.order_ids := '{}';
  RETURN NEXT news;
END
$$;
COMMENT ON FUNCTION masking.feed_after(bigint, integer) IS
  'What the feed tells after a position (NULL or 0: from the oldest that is kept), so many rows at most, 1000 of them. One row of kind behind: rows after that position were removed, those told until happened_at; of kind reset: rows of that position are not here, as after a failover or a restore; read the orders anew, and go on from the position of that row.';
GRANT EXECUTE ON FUNCTION masking.feed_after(bigint, integer) TO masking_orders;
