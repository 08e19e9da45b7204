-- Deploy number-masking:messages to pg
--
-- Text messages go the way calls go: the same routes decide, one row each says
-- that one passed. The text is not stored anywhere, and neither is a number of
-- a connected person.
--
-- Nothing here may start an endless exchange. A number of the pool is never
-- answered and never forwarded, so two of them cannot talk to each other; any
-- other stranger (perhaps a machine that answers every message) gets one
-- sentence an hour, whatever number it writes to.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.messages (
  message_uuid text COLLATE "C" PRIMARY KEY,
  received_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL,
  proxy bigint,
  side text CHECK (side IN ('customer', 'agent')),
  order_ids text[],
  route_id bigint,
  outcome text NOT NULL,
  repeats integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE masking.messages IS
  'One row per text message, forwarded or not. Holds neither its text nor a phone number of a party.';
COMMENT ON COLUMN masking.messages.message_uuid IS 'Plivo''s MessageUUID.';
COMMENT ON COLUMN masking.messages.received_at IS 'When Plivo first told of it.';
COMMENT ON COLUMN masking.messages.answered_at IS 'When the outcome in this row was decided.';
COMMENT ON COLUMN masking.messages.proxy IS 'The number written to; NULL: not a usable number.';
COMMENT ON COLUMN masking.messages.side IS
  'Who wrote: the customer or the agent of the latest of order_ids; NULL: nobody we know.';
COMMENT ON COLUMN masking.messages.order_ids IS 'The orders it was about; NULL: none.';
COMMENT ON COLUMN masking.messages.route_id IS 'The latest route it took; joins to routes with order_ids.';
COMMENT ON COLUMN masking.messages.outcome IS
  'forwarded, optout, optin, help or intent (kept from the other side), media (pictures only, and those are not forwarded), unknown_sender (told so), unknown_sender_quiet (told within the last hour), from_proxy, no_sender, bad_number, or apologised (the database was away, nothing was sent).';
COMMENT ON COLUMN masking.messages.repeats IS 'How often Plivo told of it again.';

CREATE TABLE masking.told_strangers (
  number bigint PRIMARY KEY,
  told_at timestamptz NOT NULL
);
CREATE INDEX told_strangers_by_time ON masking.told_strangers (told_at);
COMMENT ON TABLE masking.told_strangers IS
  'Unknown senders who were sent the sentence within the last hour; forgotten after it.';
COMMENT ON COLUMN masking.told_strangers.number IS 'Who wrote, E.164 digits.';
COMMENT ON COLUMN masking.told_strangers.told_at IS 'When the sentence was sent.';

-- The routes decide; the same question as in answer_calls, for one caller. now()
-- is when the batch came, for the index; it may have waited for a lock since, and
-- the clock is read after the routes were, so that no swap falls in between.
CREATE FUNCTION masking.reached(caller bigint, proxy bigint)
RETURNS TABLE (callee bigint, side text, route_id bigint, order_ids text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT max(r.callee), (array_agg(r.side ORDER BY r.route_id DESC))[1], max(r.route_id),
    array_agg(r.order_id ORDER BY r.route_id)
  FROM masking.routes r
  WHERE r.caller = reached.caller AND upper(r.live) > now() AND upper(r.live) > clock_timestamp()
    AND (r.proxy = reached.proxy OR r.proxy IS NULL)
  HAVING min(r.callee) = max(r.callee) AND max(r.callee) <> reached.proxy;
END
$$;
COMMENT ON FUNCTION masking.reached(bigint, bigint) IS
  'Whom somebody reaches now at a proxy number; no row: nobody.';

-- true once an hour for each stranger, also if many ask at the same moment.
CREATE FUNCTION masking.may_be_told(stranger bigint) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO masking.told_strangers AS t (number, told_at) VALUES (stranger, now())
  ON CONFLICT (number) DO UPDATE SET told_at = now()
  WHERE t.told_at < now() - interval '1 hour';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION masking.may_be_told(bigint) IS
  'Whether a stranger may be sent the sentence now; remembers that it was.';

CREATE FUNCTION masking.message_outcome(sender bigint, proxy bigint, kind text, callee bigint, before text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE
    WHEN kind = 'apologised' THEN coalesce(before, kind)
    WHEN proxy IS NULL THEN 'bad_number'
    WHEN sender IS NULL THEN 'no_sender'
    WHEN sender = proxy OR EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = sender)
    THEN 'from_proxy'
    WHEN kind <> 'text' THEN kind
    WHEN callee IS NOT NULL THEN 'forwarded'
    WHEN before IN ('unknown_sender', 'unknown_sender_quiet') THEN before
    WHEN masking.may_be_told(sender) THEN 'unknown_sender'
    ELSE 'unknown_sender_quiet'
  END;
END
$$;
COMMENT ON FUNCTION masking.message_outcome(bigint, bigint, text, bigint, text) IS
  'What becomes of a message; before: what became of it when Plivo told of it earlier.';

CREATE FUNCTION masking.answer_messages(message_uuids text[], senders bigint[], dialled bigint[], kinds text[])
RETURNS TABLE (place integer, outcome text, counterpart bigint, say text, voice text, language text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  m record;
  way record;
  decided text;
BEGIN
  -- One after the other, always in the same order of senders, so that two
  -- batches wait for each other instead of deadlocking.
  FOR m IN
    SELECT a.place, a.message_uuid, a.sender, a.proxy, a.kind,
      (SELECT b.outcome FROM masking.messages b WHERE b.message_uuid = a.message_uuid) AS before
    FROM unnest(message_uuids, senders, dialled, kinds)
      WITH ORDINALITY AS a (message_uuid, sender, proxy, kind, place)
    ORDER BY a.sender, a.message_uuid, a.place
  LOOP
    SELECT r.callee, r.side, r.route_id, r.order_ids INTO way FROM masking.reached(m.sender, m.proxy) r;
    decided := masking.message_outcome(m.sender, m.proxy, m.kind, way.callee, m.before);
    INSERT INTO masking.messages AS t
      (message_uuid, received_at, answered_at, proxy, side, order_ids, route_id, outcome)
    VALUES (m.message_uuid, now(), clock_timestamp(), m.proxy, way.side, way.order_ids, way.route_id, decided)
    ON CONFLICT (message_uuid) DO UPDATE SET
      answered_at = EXCLUDED.answered_at, side = EXCLUDED.side, order_ids = EXCLUDED.order_ids,
      route_id = EXCLUDED.route_id, outcome = EXCLUDED.outcome, repeats = t.repeats + 1;
    place := m.place;
    outcome := decided;
    counterpart := CASE WHEN decided = 'forwarded' THEN way.callee END;
    say := NULL;
    voice := NULL;
    language := NULL;
    IF decided = 'unknown_sender' THEN
      SELECT p.say, p.voice, p.language INTO say, voice, language FROM masking.prompt(decided, m.proxy) p;
    END IF;
    RETURN NEXT;
  END LOOP;
  -- Last, for these rows are in no order: who holds them waits for nobody.
  DELETE FROM masking.told_strangers t
  WHERE t.number IN (
    SELECT o.number FROM masking.told_strangers o
    WHERE o.told_at < now() - interval '1 hour'
    ORDER BY o.told_at
    LIMIT 2 * cardinality(message_uuids)
    FOR UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[]) IS
  'Routes and records a batch of messages. kinds: text, or why it is not to be forwarded; counterpart: set exactly when it is; say: what the sender is sent instead.';

GRANT EXECUTE ON FUNCTION masking.answer_messages(text[], bigint[], bigint[], text[]) TO masking_server;

COMMIT;
