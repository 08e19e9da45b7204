CREATE OR REPLACE FUNCTION masking.record_apology(the_call text, dialled bigint, heard_at timestamptz, the_ask bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  c masking.calls;
  apology CONSTANT jsonb := jsonb_build_object('answered_at', heard_at, 'outcome', 'apologised', 'ask', the_ask);
  others jsonb;
  heard_last jsonb;
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
  -- Whatever else this ask was answered was not heard: it goes, and of the apology and the answers
  -- to other asks the latest is the row's.
  others := coalesce(masking.earlier_answers(c, the_ask), '[]');
  SELECT e INTO heard_last
  FROM jsonb_array_elements(others || apology) e
  ORDER BY (e ->> 'answered_at')::timestamptz DESC
  LIMIT 1;
  UPDATE masking.calls k SET
    called_at = CASE k.outcome WHEN 'not_asked' THEN heard_at ELSE k.called_at END,
    proxy = coalesce(k.proxy, dialled),
    answered_at = (heard_last ->> 'answered_at')::timestamptz,
    ask = (heard_last ->> 'ask')::bigint,
    outcome = heard_last ->> 'outcome',
    -- (What we placed was about its order, whatever was heard: the request says so.)
    side = coalesce(heard_last ->> 'side', CASE WHEN k.placed THEN k.side END),
    route_id = (heard_last ->> 'route_id')::bigint,
    order_ids = coalesce((SELECT array_agg(o) FROM jsonb_array_elements_text(nullif(heard_last -> 'order_ids', 'null')) o),
      CASE WHEN k.placed THEN k.order_ids END),
    caller_hash = (heard_last ->> 'caller_hash')::bigint,
    caller_digits = heard_last ->> 'caller_digits',
    repeats = k.repeats + (NOT masking.was_asked(c, the_ask) AND c.ask IS NOT NULL)::integer,
    earlier_answers = (
      SELECT jsonb_agg(e ORDER BY (e ->> 'answered_at')::timestamptz)
      FROM jsonb_array_elements(others || apology) e
      WHERE e ->> 'ask' <> heard_last ->> 'ask')
  WHERE k.call_uuid = the_call;
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
