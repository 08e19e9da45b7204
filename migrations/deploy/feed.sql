-- Deploy number-masking:feed to pg
--
-- What the order system hears: one row for each thing that it acts on, by position. Whoever reads
-- up to a position must never have to look back, so a position is given after the commit:
--
--   1. What happens is put into feed_inbox in its own transaction, without a position.
--   2. feed_run(), one at a time, moves what is committed into feed, and counts positions in
--      a row. It commits them in their order, so a reader who sees one sees all before it.
--
-- A sequence would number in the order of writing, and readers would pass what commits later.
-- A transaction that stays open delays its own rows only.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.feed (
  position bigint PRIMARY KEY,
  happened_at timestamptz NOT NULL,
  told_at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  what text NOT NULL,
  order_ids text[] NOT NULL DEFAULT '{}',
  side text CHECK (side IN ('customer', 'agent')),
  proxy_number text,
  former_number text,
  answered boolean,
  seconds integer,
  uuid text COLLATE "C"
);
-- A text is told once, however many parts of it fail. (A call is by its row: see the trigger "told" on calls.)
CREATE UNIQUE INDEX feed_texts ON masking.feed (uuid) WHERE kind = 'text';
COMMENT ON TABLE masking.feed IS
  'What the order system may act on, by position. Which kinds are told the settings feed_… say; read with masking.feed_after().';
COMMENT ON COLUMN masking.feed.position IS
  'Rises in the order of the commits, without a gap but where PostgreSQL was started since: there it jumps ahead.';
COMMENT ON COLUMN masking.feed.happened_at IS 'When it happened.';
COMMENT ON COLUMN masking.feed.told_at IS 'When it got its position.';
COMMENT ON COLUMN masking.feed.kind IS
  'number: an order''s number came, changed or is gone; call: a call ended; text: a text was not delivered; block: a side was blocked or unblocked. From feed_after() also behind and reset.';
COMMENT ON COLUMN masking.feed.what IS
  'number: orders.masking now, or none; call: what became of it, as call_life.became, or no end told; text: why it was not delivered; block: blocked or unblocked.';
COMMENT ON COLUMN masking.feed.order_ids IS 'The orders that it is about; of a call and a text all that the two people share on that number.';
COMMENT ON COLUMN masking.feed.side IS 'Who called, who wrote, who is blocked.';
COMMENT ON COLUMN masking.feed.proxy_number IS 'The order''s number now; the one that was dialled or written to.';
COMMENT ON COLUMN masking.feed.former_number IS 'number: the one that the order had before.';
COMMENT ON COLUMN masking.feed.answered IS 'call: whether the other side''s phone was answered; NULL: not told.';
COMMENT ON COLUMN masking.feed.seconds IS 'call: how long the two were connected; NULL: not told.';
COMMENT ON COLUMN masking.feed.uuid IS 'Plivo''s CallUUID or MessageUUID.';
GRANT SELECT ON masking.feed TO masking_orders;

CREATE TABLE masking.feed_inbox (
  feed_id bigint GENERATED ALWAYS AS IDENTITY,
  happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  what text,
  order_ids text[],
  side text,
  proxy_number text,
  former_number text,
  uuid text COLLATE "C",
  PRIMARY KEY (feed_id, happened_at)
);
COMMENT ON TABLE masking.feed_inbox IS 'What has no position yet. Of a call its id: what became of it is read when it is told.';
COMMENT ON COLUMN masking.feed_inbox.feed_id IS
  'Rises; of one order in the order of its writes, as each holds the order''s row. With happened_at the primary key: after a logical move sequences begin again.';
COMMENT ON COLUMN masking.feed_inbox.happened_at IS 'As in feed. A call is told ten seconds later.';
COMMENT ON COLUMN masking.feed_inbox.kind IS 'As in feed; so are the next ones.';
COMMENT ON COLUMN masking.feed_inbox.what IS 'As in feed; NULL: a call.';
COMMENT ON COLUMN masking.feed_inbox.order_ids IS 'As in feed; NULL: a call.';
COMMENT ON COLUMN masking.feed_inbox.side IS 'As in feed.';
COMMENT ON COLUMN masking.feed_inbox.proxy_number IS 'As in feed.';
COMMENT ON COLUMN masking.feed_inbox.former_number IS 'As in feed.';
COMMENT ON COLUMN masking.feed_inbox.uuid IS 'As in feed.';

CREATE TABLE masking.feed_counter (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL,
  life text NOT NULL DEFAULT '',
  life_began_at timestamptz NOT NULL DEFAULT now(),
  life_began bigint NOT NULL,
  removed bigint NOT NULL DEFAULT 0,
  removed_told_at timestamptz,
  settled_id bigint NOT NULL DEFAULT 0,
  probe_id bigint,
  probe_xid xid8,
  swept_to timestamptz
);
COMMENT ON TABLE masking.feed_counter IS 'One row: the last position that was given, and what feed_run() keeps between runs. Locked by the one that runs.';
COMMENT ON COLUMN masking.feed_counter.one IS 'Only one row has room.';
COMMENT ON COLUMN masking.feed_counter.position IS 'The last position that was given.';
COMMENT ON COLUMN masking.feed_counter.life IS
  'Which database this was when the last position was given, since which start of PostgreSQL: masking.feed_life(). Another one may have lost the last rows of this one, or be older: positions then go on far ahead.';
COMMENT ON COLUMN masking.feed_counter.life_began_at IS 'Since when.';
COMMENT ON COLUMN masking.feed_counter.life_began IS 'The position before the first of this life.';
COMMENT ON COLUMN masking.feed_counter.removed IS 'Rows up to this position were removed, as keep_feed says.';
COMMENT ON COLUMN masking.feed_counter.removed_told_at IS 'When the last of them was told.';
COMMENT ON COLUMN masking.feed_counter.settled_id IS
  'No row of feed_inbox up to this feed_id is there or can still appear: whoever drew one has committed. Runs look behind it only, however many dead rows lie before it.';
COMMENT ON COLUMN masking.feed_counter.probe_id IS 'What settled_id becomes, once no transaction older than probe_xid runs.';
COMMENT ON COLUMN masking.feed_counter.probe_xid IS 'The transaction that noted probe_id.';
COMMENT ON COLUMN masking.feed_counter.swept_to IS
  'Calls of up to this time have been told, or are not to be; NULL: calls are not told.';
INSERT INTO masking.feed_counter (position, life_began) VALUES (0, 0);

-- Not told, as what the server stopped waiting for. (A boolean that is NULL takes no room.)
ALTER TABLE masking.calls ADD COLUMN given_up boolean;
COMMENT ON COLUMN masking.calls.given_up IS
  'true: no end was told within the longest time that a call may last, and the feed has told so.';

-- A call that is about an order and has ended, as soon as both is known: an event may overtake its call. One write of
-- the row makes it so, whichever that is.
CREATE FUNCTION masking.calls_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM masking.tell_call(NEW.call_uuid);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.calls_told() IS 'Trigger: see masking.tell_call().';
CREATE TRIGGER told AFTER UPDATE ON masking.calls FOR EACH ROW
WHEN ((num_nonnulls(OLD.dial_status, OLD.callee_ended, OLD.caller_ended) = 0 OR OLD.order_ids IS NULL)
  AND num_nonnulls(NEW.dial_status, NEW.callee_ended, NEW.caller_ended) > 0 AND NEW.order_ids IS NOT NULL AND NEW.given_up IS NULL)
EXECUTE FUNCTION masking.calls_told();
ALTER TABLE masking.calls ENABLE ALWAYS TRIGGER told;

-- AFTER: an INSERT that ON CONFLICT turns into nothing has told nothing.
CREATE FUNCTION masking.orders_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM masking.tell_order(OLD, NEW);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION masking.orders_told() IS 'Trigger: see masking.tell_order().';
CREATE TRIGGER told_new AFTER INSERT ON masking.orders FOR EACH ROW
WHEN (NEW.masking IS NOT NULL) EXECUTE FUNCTION masking.orders_told();
CREATE TRIGGER told_changed AFTER UPDATE ON masking.orders FOR EACH ROW
WHEN ((OLD.proxy_number, OLD.masking, OLD.customer, OLD.agent) IS DISTINCT FROM (NEW.proxy_number, NEW.masking, NEW.customer, NEW.agent))
EXECUTE FUNCTION masking.orders_told();
CREATE TRIGGER told_gone AFTER DELETE ON masking.orders FOR EACH ROW
WHEN (OLD.masking IS NOT NULL) EXECUTE FUNCTION masking.orders_told();
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER told_new;
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER told_changed;
ALTER TABLE masking.orders ENABLE ALWAYS TRIGGER told_gone;

COMMIT;
