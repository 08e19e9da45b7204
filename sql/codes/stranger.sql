CREATE OR REPLACE FUNCTION masking.why_nobody(the_caller bigint) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- Why a caller reaches nobody on any number. Of several orders one that has nobody to connect yet counts most.
--   reads  orders and their further phones (by the phones), routes (by caller; of an order)
--   who    stranger
DECLARE
  -- One without an agent, or whose number was not taken, is told of for no longer than it would have been connected
  -- had it had both, or as long as a planned completion says: then it is forgotten rather than waiting.
  since CONSTANT timestamptz := now() - masking.setting_span('longest_life');
BEGIN
  IF EXISTS (
    SELECT FROM masking.orders_of(the_caller, NULL) o
    WHERE o.unmasked_since IS NOT NULL AND masking.waits(o, now())
      OR num_nulls(o.customer_number, o.agent_number) > 0 AND masking.is_open(o, now())
        AND (o.completed_at IS NOT NULL OR o.recorded_at > since))
  THEN
    RETURN 'order_waiting';
  ELSIF NOT EXISTS (SELECT FROM masking.routes r WHERE r.caller = the_caller AND masking.is_live(r.live, r.closed))
    AND (EXISTS (SELECT FROM masking.routes r WHERE r.caller = the_caller)
      -- Or of an order that never connected him, and connects nobody now.
      OR EXISTS (
        SELECT FROM masking.orders_of(the_caller, NULL) o
        WHERE o.forgotten_at IS NULL AND NOT EXISTS (
          SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed))))
  THEN
    RETURN 'order_over';
  END IF;
  RETURN 'unknown_caller';
END
$$;
COMMENT ON FUNCTION masking.why_nobody(bigint) IS
  'order_waiting, order_over or unknown_caller: why somebody without a live counterpart reaches nobody.';

-- What becomes of a caller who reaches nobody on the number that he dialled. caller: NULL, he
-- hides his; support: a number to ring then; may_ask: the server can ask for codes.
CREATE OR REPLACE FUNCTION masking.stranger(caller bigint, proxy bigint, support bigint, may_ask boolean,
  OUT outcome text, OUT counterpart bigint, OUT digits integer, OUT shows bigint, OUT side text, OUT route_id bigint, OUT order_ids text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  other record;
  is_ours CONSTANT boolean := masking.is_proxy(proxy);
BEGIN
  -- Not even support, whose diverted phone would call us again, and again.
  IF caller = masking.person(proxy) OR masking.is_proxy(caller) THEN
    outcome := 'from_proxy';
    RETURN;
  END IF;
  SELECT e.* INTO other FROM masking.elsewhere(caller, proxy) e WHERE caller IS NOT NULL;
  IF other.outcome IS NOT NULL THEN
    outcome := other.outcome;
    IF outcome = 'connected' THEN
      counterpart := other.dials;
      shows := other.shows;
      side := other.side;
      route_id := other.route_id;
      order_ids := other.order_ids;
    END IF;
    RETURN;
  END IF;
  IF may_ask AND masking.setting_on('codes') AND (is_ours OR NOT EXISTS (SELECT FROM masking.proxy_numbers)) THEN
    digits := masking.code_digits(proxy);
  END IF;
  IF digits IS NOT NULL AND NOT masking.is_locked_out(caller, proxy) THEN
    outcome := 'ask_code';
    RETURN;
  ELSIF digits IS NOT NULL AND caller IS NOT NULL THEN
    outcome := 'locked_out';
    digits := NULL;
    RETURN;
  END IF;
  digits := NULL;
  IF support IS NOT NULL AND masking.person(support) IS DISTINCT FROM caller AND masking.person(support) <> masking.person(proxy) THEN
    outcome := 'support';
    counterpart := support;
  ELSIF caller IS NULL THEN
    outcome := 'no_caller_id';
  ELSE
    outcome := masking.why_nobody(caller);
  END IF;
END
$$;
COMMENT ON FUNCTION masking.stranger(bigint, bigint, bigint, boolean) IS
  'What becomes of a caller who reaches nobody on the number that he dialled: connected elsewhere, told of it, asked for a code, sent to support, or told why not.';
