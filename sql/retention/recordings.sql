-- In a recording people can be heard to say their numbers, so the link to one is forgotten as a number is.

CREATE OR REPLACE FUNCTION masking.forget_old_recordings(cutoff timestamptz, at_most integer) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  -- The links in calls older than that, those whose rows are free; by the index of what has one.
  UPDATE masking.calls c SET recording_url = NULL
  WHERE c.call_uuid IN (
    SELECT o.call_uuid FROM masking.calls o
    WHERE o.recording_url IS NOT NULL AND o.called_at < cutoff
    ORDER BY o.called_at LIMIT at_most FOR UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION masking.forget_old_recordings(timestamptz, integer) IS
  'Forgets the links to recordings of calls before a time, the oldest first.';

CREATE OR REPLACE FUNCTION masking.forget_recordings_of(orders text[], began timestamptz, ended timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  UPDATE masking.calls c SET recording_url = NULL
  WHERE c.recording_url IS NOT NULL AND c.order_ids && orders AND c.called_at BETWEEN began AND ended
$$;
COMMENT ON FUNCTION masking.forget_recordings_of(text[], timestamptz, timestamptz) IS
  'Forgets the links to recordings of calls that were about these orders, within a span of time.';

CREATE OR REPLACE FUNCTION masking.old_recordings(cutoff timestamptz) RETURNS bigint
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT count(*) FROM masking.calls c WHERE c.recording_url IS NOT NULL AND c.called_at < cutoff
$$;
COMMENT ON FUNCTION masking.old_recordings(timestamptz) IS 'How many calls before a time still have a link to a recording.';
