CREATE OR REPLACE FUNCTION masking.record_deliveries(
  message_uuids text[], part_numbers bigint[], part_counts bigint[], statuses text[], error_codes bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- What Plivo told of texts that were forwarded. It may tell things twice and in any order: of each
-- message that went out the status furthest on stays; one that is new here (other) is more than sent.
--   reads   messages, by their ids
--   writes  deliveries; feed_inbox, with feed_texts
--   locks   its rows, and by the foreign key those of messages, in the order of their ids
--   who     the server
DECLARE
  further CONSTANT text[] := ARRAY['queued', 'sent', 'other', 'undelivered', 'rejected', 'failed', 'delivered', 'read'];
BEGIN
  INSERT INTO masking.deliveries AS d (message_uuid, part, parts, status, error_code, told_at)
  SELECT DISTINCT ON (a.id, a.part) a.id, a.part, a.parts, a.status, nullif(a.error_code, 0), now()
  FROM unnest(message_uuids, part_numbers, part_counts, statuses, error_codes) AS a (id, part, parts, status, error_code)
  JOIN masking.messages m ON m.message_uuid = a.id
  WHERE m.outcome = 'forwarded' AND a.part BETWEEN 1 AND a.parts
  ORDER BY a.id, a.part, array_position(further, a.status) DESC
  ON CONFLICT (message_uuid, part) DO UPDATE SET
    status = EXCLUDED.status, error_code = EXCLUDED.error_code, told_at = EXCLUDED.told_at
  WHERE array_position(further, EXCLUDED.status) > coalesce(array_position(further, d.status), 0);
  IF masking.setting_on('feed_texts') THEN
    -- 200: the receiver sent STOP.
    PERFORM masking.tell_text(m, CASE WHEN d.error_code = 200 THEN 'opted_out' ELSE d.status END)
    FROM masking.messages m
    CROSS JOIN LATERAL (
      SELECT e.* FROM masking.deliveries e
      WHERE e.message_uuid = m.message_uuid AND masking.has_failed(e.status, e.error_code) ORDER BY e.part LIMIT 1) d
    WHERE m.message_uuid = ANY (message_uuids);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.record_deliveries(text[], bigint[], bigint[], text[], bigint[]) IS
  'Records what became of a batch of messages that went out: of which message that came in, which part of how many, Plivo''s status and error code (0: none).';
GRANT EXECUTE ON FUNCTION masking.record_deliveries(text[], bigint[], bigint[], text[], bigint[]) TO masking_server;
