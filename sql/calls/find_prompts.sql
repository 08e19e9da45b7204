CREATE OR REPLACE FUNCTION masking.find_prompts(events text[], dialled bigint[], call_uuids text[] DEFAULT NULL)
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT a.place::integer, p.say, p.voice, p.language
  FROM unnest(events, dialled, call_uuids) WITH ORDINALITY AS a (event, proxy, call_uuid, place)
  LEFT JOIN masking.calls c ON c.call_uuid = a.call_uuid
  CROSS JOIN LATERAL masking.greeting(a.event, a.proxy, CASE WHEN c.placed THEN c.order_ids[1] ELSE masking.latest_order(c.order_ids) END) p
$$;
COMMENT ON FUNCTION masking.find_prompts(text[], bigint[], text[]) IS
  'What is said at events that come with no decision, about the order of a call on record (call_uuids; NULL: about none); place: 1-based index into the arrays.';
GRANT EXECUTE ON FUNCTION masking.find_prompts(text[], bigint[], text[]) TO masking_server;
