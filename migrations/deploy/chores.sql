-- Deploy number-masking:chores to pg
--
-- The servers' chores do a bounded piece of work at a time. Where one went through
-- many rows it notes here how far it came, so that the next run, on whichever
-- server, goes on from there; and what it found, for those who look.

BEGIN;
SET LOCAL ROLE masking_owner;

CREATE TABLE masking.chores (
  name text COLLATE "C" PRIMARY KEY,
  reached_time timestamptz,
  reached_id text COLLATE "C",
  found bigint NOT NULL DEFAULT 0,
  finding bigint NOT NULL DEFAULT 0,
  finished_at timestamptz
);
COMMENT ON TABLE masking.chores IS 'How far the servers'' chores came, what they found, and which is being done: its row is locked. See masking.take_chore().';
COMMENT ON COLUMN masking.chores.name IS 'Which chore.';
COMMENT ON COLUMN masking.chores.reached_time IS 'How far this round came, by the time that orders its rows; NULL: at the beginning.';
COMMENT ON COLUMN masking.chores.reached_id IS 'And among those of that time, by name.';
COMMENT ON COLUMN masking.chores.found IS 'What the last whole round found.';
COMMENT ON COLUMN masking.chores.finding IS 'What this round has found so far.';
COMMENT ON COLUMN masking.chores.finished_at IS 'When the last whole round was finished, of assign_pending and retention the last piece.';

INSERT INTO masking.chores (name) VALUES ('keep_orders'), ('keep_calls'), ('keep_messages'), ('out_of_step'), ('gauges'), ('last_calls'), ('pool_peaks');
INSERT INTO masking.chores (name, finished_at) VALUES ('assign_pending', now()), ('retention', now());

CREATE SEQUENCE masking.unmasked_total;
COMMENT ON SEQUENCE masking.unmasked_total IS
  'Counts orders that found no proxy number free, also those rolled back. A sequence, because orders must not wait for each other to count.';

CREATE TABLE masking.gauge_values (
  name text COLLATE "C",
  labels text COLLATE "C",
  value double precision NOT NULL,
  source text COLLATE "C" NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (name, labels)
);
COMMENT ON TABLE masking.gauge_values IS
  'What the gauges said a minute ago at most; looked up by one server for all of them.';
COMMENT ON COLUMN masking.gauge_values.name IS 'The metric, without its prefix.';
COMMENT ON COLUMN masking.gauge_values.labels IS 'Labels in Prometheus notation; "": none.';
COMMENT ON COLUMN masking.gauge_values.value IS 'Its value.';
COMMENT ON COLUMN masking.gauge_values.source IS 'The function that says it.';
COMMENT ON COLUMN masking.gauge_values.taken_at IS 'When it was asked.';

CREATE TABLE masking.refused_signatures (
  minute timestamptz,
  reason text COLLATE "C",
  refused bigint NOT NULL,
  PRIMARY KEY (minute, reason)
);
COMMENT ON TABLE masking.refused_signatures IS
  'How many webhooks the servers refused for their signatures within the last day, by minute; what they told, seconds later.';
COMMENT ON COLUMN masking.refused_signatures.minute IS 'When it was told, cut to the minute.';
COMMENT ON COLUMN masking.refused_signatures.reason IS 'missing, wrong, replayed or changed, as in the metric signatures_refused_total.';
COMMENT ON COLUMN masking.refused_signatures.refused IS 'How many.';

COMMIT;
