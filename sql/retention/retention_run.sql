CREATE OR REPLACE FUNCTION masking.remove_old_orders(older_than interval, at_most integer DEFAULT 500) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Removes orders and routes that could last connect a call that long ago, the oldest first.
--   reads, writes  routes (by the end of held), orders (by age)
--   locks   rows of both, those that are free
--   who     retention_run
DECLARE
  cutoff CONSTANT timestamptz := now() - older_than;
  removed integer;
  with_numbers integer;
BEGIN
  -- Forgotten ones, and where forget_after is longer, or 0, those with numbers: an index each.
  DELETE FROM masking.routes r
  WHERE (r.order_id, r.route_id) IN (
    SELECT k.order_id, k.route_id FROM masking.routes k
    WHERE k.caller < 0 AND upper(k.held) < cutoff
    ORDER BY upper(k.held) LIMIT 2 * at_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM masking.routes r
  WHERE (r.order_id, r.route_id) IN (
    SELECT k.order_id, k.route_id FROM masking.routes k
    WHERE k.caller > 0 AND upper(k.held) < cutoff
    ORDER BY upper(k.held) LIMIT 2 * at_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS with_numbers = ROW_COUNT;
  removed := removed + with_numbers;
  RETURN removed + masking.remove_one_by_one('keep_orders', 'masking.orders', 'order_id', 'recorded_at',
    'EXISTS (SELECT FROM masking.routes r WHERE r.order_id = k.order_id)', older_than, at_most);
END
$$;
COMMENT ON FUNCTION masking.remove_old_orders(interval, integer) IS
  'Removes orders and their routes that could last connect a call that long ago; returns how many rows went.';

CREATE OR REPLACE FUNCTION masking.remove_records(keep text, what regclass, id name, written_at name, at_most integer) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- As the setting "keep" asks for, which has its chore: by the batch, or where a table of the user's may need one, row by row.
--   who     retention_run
DECLARE
  span CONSTANT interval := masking.setting_span(keep);
BEGIN
  IF span <= interval '0' THEN
    RETURN 0;
  ELSIF masking.is_referred_to(what) THEN
    RETURN masking.remove_one_by_one(keep, what, id, written_at, 'false', span, at_most);
  END IF;
  RETURN masking.remove_older(what, written_at, span, at_most);
END
$$;
COMMENT ON FUNCTION masking.remove_records(text, regclass, name, name, integer) IS
  'Removes calls or texts that are older than the setting of that name says; returns how many.';

CREATE OR REPLACE FUNCTION masking.retention_run() RETURNS TABLE (orders integer, routes integer, removed integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- One bounded piece of each thing that the settings forget_after and keep_… ask for (0: never).
-- One server at a time does it; the others find nothing to do.
--   reads, writes  see the functions
--   locks   its row of chores, tried; then rows that are free
--   who     a chore of the servers, again at once while it finds something
#variable_conflict use_variable
DECLARE
  span interval;
  f record;
BEGIN
  orders := 0;
  routes := 0;
  removed := 0;
  IF NOT masking.take_chore('retention') THEN
    RETURN NEXT;
    RETURN;
  END IF;
  -- What is deferred, as Django's foreign keys are, would fail at commit, and all of this run with it.
  SET CONSTRAINTS ALL IMMEDIATE;
  span := masking.setting_span('forget_after');
  IF span > interval '0' THEN
    SELECT n.orders, n.routes INTO f FROM masking.forget_numbers(span, 500) n;
    orders := f.orders;
    routes := f.routes;
  ELSE
    PERFORM masking.forget_strangers(500);
  END IF;
  removed := removed + masking.remove_records('keep_calls', 'masking.calls', 'call_uuid', 'called_at', 500)
    + masking.remove_records('keep_messages', 'masking.messages', 'message_uuid', 'received_at', 500);
  span := masking.setting_span('keep_messages');
  IF span > interval '0' THEN
    PERFORM masking.remove_older('masking.opted_out', 'said_at', span, 500);
  END IF;
  span := masking.setting_span('keep_orders');
  IF span > interval '0' THEN
    removed := removed + masking.remove_old_orders(span);
  END IF;
  PERFORM masking.end_stale_requests();
  span := masking.setting_span('keep_calls');
  IF span > interval '0' THEN
    removed := removed + masking.remove_older('masking.requests', 'requested_at', span, 500);
  END IF;
  removed := removed + masking.purge_console_log(500)
    + masking.remove_older('masking.block_log', 'logged_at', '400 days', 500)
    + masking.remove_older('masking.pair_calls', 'called_at', '1 hour', 500)
    + masking.remove_older('masking.refused_signatures', 'minute', '1 day', 500);
  DELETE FROM masking.pool_peaks k WHERE k.hour < now() - 2 * masking.setting_span('cool_off') - interval '1 hour';
  IF greatest(orders, routes, removed) < 500 THEN
    PERFORM masking.forget_statistics();
  END IF;
  PERFORM masking.check_step();
  UPDATE masking.chores c SET finished_at = now() WHERE c.name = 'retention';
  removed := removed + masking.remove_feed(500); -- last: until the commit no position is given
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION masking.retention_run() IS
  'One batch of what the settings forget_after, keep_calls, keep_messages, keep_orders and keep_feed ask for; for the servers'' timer.';
GRANT EXECUTE ON FUNCTION masking.retention_run() TO masking_server;
