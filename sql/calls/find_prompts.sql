CREATE OR REPLACE FUNCTION masking.find_prompts(events text[], dialled bigint[], call_uuids text[] DEFAULT NULL)
RETURNS TABLE (place integer, say text, voice text, language text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT a.place::integer, p.say, p.voice, p.language
  FROM unnest(events, dialled) WITH ORDINALITY AS a (event, proxy, place)
  CROSS JOIN LATERAL masking.prompt(a.event, a.proxy) p
$$;
COMMENT ON FUNCTION masking.find_prompts(text[], bigint[], text[]) IS
  'What is said at events that come with no decision; place: 1-based index into the arrays.';
GRANT EXECUTE ON FUNCTION masking.find_prompts(text[], bigint[], text[]) TO masking_server;
