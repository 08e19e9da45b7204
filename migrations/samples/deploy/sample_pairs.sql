-- Deploy number-masking-samples:sample_pairs to pg
--
-- Three pairs, the six numbers of the tutorial, for a newcomer without a Plivo
-- account and for tests. A project of its own, so that a real database never
-- gets them by being migrated. Their completion is set to never, so that they can
-- still be called on the day after.

BEGIN;
SET LOCAL ROLE masking_owner;

INSERT INTO masking.orders (order_id, customer_number, agent_number, completed_at) VALUES
  ('SAMPLE-1', '14156667777', '14156667778', 'infinity'),
  ('SAMPLE-2', '14156667779', '14156667780', 'infinity'),
  ('SAMPLE-3', '14156667781', '14156667782', 'infinity');

COMMIT;
