CREATE OR REPLACE FUNCTION masking.give_way(the_caller bigint, the_callee bigint, on_proxy bigint, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
AS $$
-- the_caller is to reach the_callee on a number that still cools off for the caller and
-- somebody else: the cool-off ends here. Order A may be writing such a route at this
-- moment, and wait for one that this transaction has written: so its rows are locked
-- only if they are free (SKIP LOCKED), and else the number is as good as taken.
--   reads   routes that this caller holds with others (the constraint's index)
--   locks   those of them that are over, row by row, never waiting; writes them
DECLARE
  cooling record;
BEGIN
  FOR cooling IN
    SELECT r.order_id, r.route_id, upper(r.live) <= at AS is_past FROM masking.routes r
    WHERE r.caller + 0 = the_caller AND r.caller > 0 AND r.callee <> the_callee
      AND r.held && tstzrange(at, NULL) AND NOT masking.is_live(r.live, r.closed, at)
      AND (on_proxy IS NULL OR r.proxy IS NULL OR r.proxy = on_proxy)
  LOOP
    PERFORM FROM masking.routes r
    WHERE r.order_id = cooling.order_id AND r.route_id = cooling.route_id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    IF cooling.is_past THEN
      UPDATE masking.routes r SET held = tstzrange(lower(r.held), at)
      WHERE r.order_id = cooling.order_id AND r.route_id = cooling.route_id;
    ELSE
      -- Closed at a time that the clock, set back since, has still to reach: nothing it
      -- says of times can be kept beside what is true now.
      DELETE FROM masking.routes r
      WHERE r.order_id = cooling.order_id AND r.route_id = cooling.route_id;
    END IF;
  END LOOP;
  RETURN true;
END
$$;
COMMENT ON FUNCTION masking.give_way(bigint, bigint, bigint, timestamptz) IS
  'Ends the cool-off of what a caller held with others on a number; false: somebody is at it, the number is not free.';
