-- The same language of another country is better than English, and that is
-- better than nothing. In each language a number's own sentence comes before everybody's.
CREATE OR REPLACE FUNCTION masking.prompt(wanted text, proxy bigint)
RETURNS TABLE (say text, voice text, language text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(p.play_url, p.words), CASE WHEN p.play_url IS NULL THEN p.voice END, p.language
  FROM masking.prompts p
  CROSS JOIN (SELECT coalesce(
    (SELECT n.language FROM masking.proxy_numbers n WHERE n.e164 = proxy), 'en-US')) AS l (language)
  WHERE p.event = wanted AND p.number IN ('', proxy::text)
    AND split_part(p.language, '-', 1) IN (split_part(l.language, '-', 1), 'en')
  ORDER BY p.language = l.language DESC,
    split_part(p.language, '-', 1) = split_part(l.language, '-', 1) DESC,
    p.language = 'en-US' DESC, p.language, p.number <> '' DESC
  LIMIT 1
$$;
COMMENT ON FUNCTION masking.prompt(text, bigint) IS
  'What callers of a proxy number hear at an event; voice NULL: say is the URL of a recording.';
