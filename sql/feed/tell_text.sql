CREATE OR REPLACE FUNCTION masking.tell_text(m masking.messages, why text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO masking.feed_inbox (kind, what, order_ids, side, proxy_number, uuid)
  SELECT 'text', why, m.order_ids, m.side, m.proxy::text, m.message_uuid WHERE m.order_ids IS NOT NULL
$$;
COMMENT ON FUNCTION masking.tell_text(masking.messages, text) IS
  'Tells that a text about an order was not delivered, and why: an outcome of outcomes (text), or Plivo''s status.';
