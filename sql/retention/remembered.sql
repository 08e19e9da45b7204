CREATE OR REPLACE FUNCTION masking.remembered(older_than interval) RETURNS TABLE (place text, number_count bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- Looks at the rows themselves, and at what ANALYZE sampled of them, not at what retention believes it did; so it may take its time.
  SELECT 'routes', count(*) FROM masking.routes r
  WHERE greatest(r.caller, r.callee, r.dials) > 0 AND upper(r.held) < now() - older_than
  UNION ALL
  SELECT 'orders', count(*) FROM masking.orders o
  WHERE (o.customer_number ~ '^[0-9]' OR o.agent_number ~ '^[0-9]' OR greatest(o.customer, o.agent) > 0)
    AND o.recorded_at < now() - older_than - masking.setting_span('longest_life')
    AND NOT EXISTS (
      SELECT FROM masking.routes r
      WHERE r.order_id = o.order_id AND upper(r.held) >= now() - older_than)
  UNION ALL
  SELECT 'recordings', masking.old_recordings(now() - older_than)
  UNION ALL
  SELECT 'order_phones', count(*) FROM masking.order_phones p
  LEFT JOIN masking.orders o ON o.order_id = p.order_id
  WHERE o.order_id IS NULL OR o.forgotten_at IS NOT NULL
  UNION ALL
  SELECT 'requests', count(*) FROM masking.requests q
  LEFT JOIN masking.orders o ON o.order_id = q.order_id
  WHERE q.first > 0 AND o.forgotten_at IS NOT NULL
  UNION ALL
  SELECT 'strangers', (SELECT count(*) FROM masking.code_failures f WHERE f.failed_at < now() - greatest(older_than, interval '24 hours'))
    + (SELECT count(*) FROM masking.told_senders t WHERE t.told_at < now() - greatest(older_than, interval '1 hour'))
  UNION ALL
  SELECT 'statistics', (SELECT coalesce(sum(f.number_count), 0)::bigint FROM masking.forgotten_statistics() f)
  UNION ALL
  SELECT 'calls past their time', count(*) FROM masking.calls c, masking.settings s
  WHERE s.name = 'keep_calls' AND s.span > interval '0' AND c.called_at < now() - greatest(s.span, older_than)
  UNION ALL
  SELECT 'requests past their time', count(*) FROM masking.requests q, masking.settings s
  WHERE s.name = 'keep_calls' AND s.span > interval '0' AND q.requested_at < now() - greatest(s.span, older_than)
  UNION ALL
  SELECT 'messages past their time', count(*) FROM masking.messages m, masking.settings s
  WHERE s.name = 'keep_messages' AND s.span > interval '0' AND m.received_at < now() - greatest(s.span, older_than)
  UNION ALL
  SELECT 'opt-outs past their time', count(*) FROM masking.opted_out t, masking.settings s
  WHERE s.name = 'keep_messages' AND s.span > interval '0' AND t.said_at < now() - greatest(s.span, older_than)
  UNION ALL
  SELECT 'routes past their time', count(*) FROM masking.routes r, masking.settings s
  WHERE s.name = 'keep_orders' AND s.span > interval '0' AND upper(r.held) < now() - greatest(s.span, older_than)
  UNION ALL
  SELECT 'orders past their time', count(*) FROM masking.orders o, masking.settings s
  WHERE s.name = 'keep_orders' AND s.span > interval '0' AND o.recorded_at < now() - greatest(s.span, older_than)
    AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id)
$$;
COMMENT ON FUNCTION masking.remembered(interval) IS
  'How many rows still hold a phone number that forget_numbers with that age should have replaced, how many forgotten ones the planner''s statistics still have, and how many are past what the settings keep_… say; all 0 proves that none is left (but orders that a table of yours refers to: they count as past their time).';
