CREATE OR REPLACE FUNCTION masking.record_apology(the_call text, dialled bigint, heard_at timestamptz, the_ask bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  c masking.calls;
  apology CONSTANT jsonb := jsonb_build_object('answered_at', heard_at, 'outcome', 'apologised', 'ask', the_ask);
  last jsonb;
BEGIN
  INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, ask, outcome)
  VALUES (the_call, heard_at, heard_at, dialled, the_ask, 'apologised')
  ON CONFLICT (call_uuid) DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT k.* INTO c FROM masking.calls k WHERE k.call_uuid = the_call FOR UPDATE;
  IF masking.was_apologised(c, the_ask) THEN
    RETURN; -- written already
  END IF;
  last := c.earlier_answers -> -1;
  IF c.ask <> the_ask AND c.answered_at > heard_at THEN
    -- Another ask was answered after this apology: that is what the caller heard last.
    UPDATE masking.calls k SET repeats = k.repeats + 1, earlier_answers = coalesce(k.earlier_answers, '[]') || apology
    WHERE k.call_uuid = the_call;
  ELSIF c.ask = the_ask AND (last ->> 'answered_at')::timestamptz > heard_at THEN
    -- What the row says came too late to be heard, and took the place of what was heard after
    -- the apology: that is put back.
    UPDATE masking.calls k SET outcome = last ->> 'outcome', answered_at = (last ->> 'answered_at')::timestamptz,
      ask = (last ->> 'ask')::bigint, side = last ->> 'side', route_id = (last ->> 'route_id')::bigint,
      order_ids = nullif(ARRAY(SELECT jsonb_array_elements_text(nullif(last -> 'order_ids', 'null'))), '{}'),
      caller_hash = (last ->> 'caller_hash')::bigint, caller_digits = last ->> 'caller_digits',
      earlier_answers = (k.earlier_answers - -1) || apology
    WHERE k.call_uuid = the_call;
  ELSE
    UPDATE masking.calls k SET
      called_at = CASE k.outcome WHEN 'not_asked' THEN heard_at ELSE k.called_at END,
      answered_at = heard_at, ask = the_ask, outcome = 'apologised', proxy = coalesce(k.proxy, dialled),
      side = NULL, order_ids = NULL, route_id = NULL, caller_hash = NULL, caller_digits = NULL,
      repeats = k.repeats + coalesce(c.ask <> the_ask, false)::integer,
      earlier_answers = masking.earlier_answers(c, the_ask, 'apologised', NULL)
    WHERE k.call_uuid = the_call;
  END IF;
END
$$;
COMMENT ON FUNCTION masking.record_apology(text, bigint, timestamptz, bigint) IS
  'Puts on record that the caller of this ask heard the apology then.';

CREATE OR REPLACE FUNCTION masking.record_apologies(
  call_uuids text[], dialled bigint[], seconds_ago double precision[], asks bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Calls that heard the apology while the database was away, or too slow. An apology names its
-- ask: it beats whatever that ask was answered, before or after it. Which of two asks was
-- heard last is a matter of time.
--   writes  calls
--   locks   rows of calls, in the order of their ids, as answer_calls does
--   who     the server, once it can
BEGIN
  PERFORM masking.record_apology(a.call_uuid, a.proxy, now() - make_interval(secs => greatest(a.ago, 0)), a.ask)
  FROM (
    SELECT * FROM unnest(call_uuids, dialled, seconds_ago, asks) AS u (call_uuid, proxy, ago, ask)
    ORDER BY u.call_uuid, u.ago DESC OFFSET 0
  ) a;
END
$$;
COMMENT ON FUNCTION masking.record_apologies(text[], bigint[], double precision[], bigint[]) IS
  'Records calls answered with an apology while the database was away; asks: those that heard it.';
GRANT EXECUTE ON FUNCTION masking.record_apologies(text[], bigint[], double precision[], bigint[]) TO masking_server;
