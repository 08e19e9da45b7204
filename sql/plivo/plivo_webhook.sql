CREATE OR REPLACE FUNCTION masking.plivo_webhook(public_url text, path text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  -- Plivo's documentation, "Voice, Concepts, Callback configurations": a second to connect, three for the answer, and two
  -- more tries whatever went wrong. The fragment is never sent.
  SELECT public_url || path || '#ct=1000&rt=3000&rc=2&rp=all'
$$;
COMMENT ON FUNCTION masking.plivo_webhook(text, text) IS 'A webhook about calls as Plivo is told it, outside of an answer''s XML: with how it is to call it.';
