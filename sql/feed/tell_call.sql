CREATE OR REPLACE FUNCTION masking.tell_call(the_call text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The other events of the end come within seconds; then the call is told as they leave it.
--   writes  feed_inbox
--   who     the trigger "told" on calls, once such a call has ended
BEGIN
  IF masking.setting_on('feed_calls') THEN
    INSERT INTO masking.feed_inbox (kind, uuid) VALUES ('call', the_call);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.tell_call(text) IS 'Has the feed tell of a call, ten seconds from now.';
