CREATE OR REPLACE FUNCTION masking.blocks_of_order(wanted text)
RETURNS TABLE (blocked_at timestamptz, blocked text, reason text, who text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  -- Blocks of the order itself, and of its people on every order. Of a prefix that may not be dialled explained_sides()
  -- tells. Reads the blocks by the order and by its people, and who set them by the same.
  --   who  support, the console
  SELECT f.blocked_at, f.blocked, f.reason, f.who
  FROM (
    SELECT b.blocked_at, format('calls and texts of %s, on this order', CASE b.side WHEN 'both' THEN 'both sides' ELSE 'the ' || b.side END) AS blocked, b.reason,
      (SELECT l.who FROM masking.block_log l WHERE l.order_id = b.order_id AND l.side = b.side AND l.did = 'blocked' ORDER BY l.logged_at DESC LIMIT 1) AS who
    FROM masking.order_blocks b
    WHERE b.order_id = wanted
    UNION ALL
    SELECT b.blocked_at, format(CASE b.direction
        WHEN 'from' THEN 'the %s **%s calls and writes nobody, on any order'
        WHEN 'to' THEN 'nobody calls or writes the %s **%s, on any order'
        ELSE 'the %s **%s calls and writes nobody, and nobody calls or writes them, on any order' END, p.side, b.digits), b.reason,
      (SELECT l.who FROM masking.block_log l WHERE l.person = b.person AND l.did = 'blocked' ORDER BY l.logged_at DESC LIMIT 1)
    FROM (
      SELECT DISTINCT n.side, masking.hash_if_keyed(n.number) AS person
      FROM masking.orders o
      CROSS JOIN LATERAL (
        VALUES ('customer', o.customer), ('agent', o.agent)
        UNION ALL SELECT f.side, f.phone FROM masking.order_phones f WHERE f.order_id = o.order_id) AS n (side, number)
      WHERE o.order_id = wanted AND n.number IS NOT NULL) p
    JOIN masking.blocked_people b ON b.person = p.person
  ) f
  WHERE (SELECT masking.support_reads('order_blocks'))
  ORDER BY f.blocked_at
$$;
COMMENT ON FUNCTION masking.blocks_of_order(text) IS 'What is blocked for an order now: what, since when, why, and by which role that logged in.';
GRANT EXECUTE ON FUNCTION masking.blocks_of_order(text) TO masking_support;
