CREATE OR REPLACE FUNCTION masking.forget_numbers(older_than interval, at_most integer DEFAULT 500)
RETURNS TABLE (orders integer, routes integer)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Phone numbers are kept as long as they can route and a while longer, for explaining; then keyed
-- hashes take their place. Order ids, times and outcomes stay. A batch costs the same whatever lies
-- behind it: it begins with the oldest routes that still have numbers and with the orders that
-- they lead to, and with the oldest orders that never had a route.
--   reads, writes  routes, orders; codes and recordings' links by their age
--   locks   its row of chores, tried; the orders' rows, then routes: those that are free. An order that somebody is
--           writing keeps its routes for the next batch
--   who     retention_run; an operator
DECLARE
  cutoff CONSTANT timestamptz := now() - older_than;
  life CONSTANT interval := masking.setting_span('longest_life');
  wanted text[];
  free text[];
BEGIN
  orders := 0;
  routes := 0;
  IF NOT masking.take_chore('retention') THEN
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT old.order_id) INTO wanted
  FROM (
    SELECT r.order_id FROM masking.routes r
    WHERE r.caller > 0 AND upper(r.held) < cutoff
    ORDER BY upper(r.held)
    LIMIT at_most
  ) old;
  SELECT array_agg(o.order_id) INTO free
  FROM (SELECT k.order_id FROM masking.orders k WHERE k.order_id = ANY (wanted) FOR UPDATE SKIP LOCKED) o;
  -- Routes of orders that are deleted have nobody to hold them.
  UPDATE masking.routes r SET caller = masking.hashed(r.caller), callee = masking.hashed(r.callee), dials = NULL
  WHERE r.order_id = ANY (wanted) AND r.caller > 0 AND upper(r.held) < cutoff
    AND (r.order_id = ANY (free) OR NOT EXISTS (SELECT FROM masking.orders k WHERE k.order_id = r.order_id));
  GET DIAGNOSTICS routes = ROW_COUNT;

  SELECT free || array_agg(never.order_id) INTO free
  FROM (
    SELECT o.order_id FROM masking.orders o
    WHERE o.routed_at IS NULL AND o.forgotten_at IS NULL AND o.recorded_at < cutoff - life
      AND (o.unmasked_since IS NULL OR o.unmasked_since < cutoff - life)
    ORDER BY o.recorded_at
    LIMIT at_most
    FOR UPDATE SKIP LOCKED
  ) never;
  -- One may have been reopened before it was locked: then it has new routes, which only a
  -- statement begun after that sees.
  UPDATE masking.orders o SET forgotten_at = now(), unmasked_since = NULL, unmasked_reason = NULL, customer_refused = NULL, customer_refused_digits = NULL,
    agent_refused = NULL, agent_refused_digits = NULL,
    customer_number = masking.hashed(masking.party(o, 'customer'))::text,
    agent_number = masking.hashed(masking.party(o, 'agent'))::text
  WHERE o.order_id = ANY (free) AND o.forgotten_at IS NULL
    AND o.recorded_at < cutoff AND (o.unmasked_since IS NULL OR o.unmasked_since < cutoff - life)
    AND NOT EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND r.caller > 0);
  GET DIAGNOSTICS orders = ROW_COUNT;

  PERFORM masking.forget_old_recordings(cutoff, at_most);
  DELETE FROM masking.codes c
  WHERE (c.order_id, c.code_id) IN (
    SELECT o.order_id, o.code_id FROM masking.codes o
    WHERE upper(o.live) < cutoff
    ORDER BY upper(o.live) LIMIT at_most FOR UPDATE SKIP LOCKED);
  PERFORM masking.forget_strangers(at_most);
  -- Not after each of many batches.
  IF greatest(orders, routes) < at_most THEN
    PERFORM masking.forget_statistics();
  END IF;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.forget_numbers(interval, integer) IS
  'Replaces numbers that could last connect a call that long ago by keyed hashes, of so many routes, their orders and so many orders without any; returns how many. Call it until both are 0.';

CREATE OR REPLACE FUNCTION masking.forget_strangers(at_most integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM masking.code_failures f
  WHERE (f.call_uuid, f.attempt) IN (
    SELECT o.call_uuid, o.attempt FROM masking.code_failures o
    WHERE o.failed_at < now() - interval '24 hours'
    ORDER BY o.failed_at LIMIT at_most FOR UPDATE SKIP LOCKED);
  DELETE FROM masking.told_senders t
  WHERE (t.number, t.event) IN (
    SELECT o.number, o.event FROM masking.told_senders o
    WHERE o.told_at < now() - interval '1 hour'
    ORDER BY o.told_at LIMIT at_most FOR UPDATE SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION masking.forget_strangers(integer) IS
  'Forgets who guessed codes or wrote without an order, once that does not count any more.';
