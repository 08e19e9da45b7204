-- A plain SQL function without settings of its own, so that PostgreSQL puts it in place
-- where it is asked: answer_calls, answer_messages, answer_codes and explain_route ask it.
CREATE OR REPLACE FUNCTION masking.reached(the_caller bigint, dialled bigint, at timestamptz DEFAULT NULL)
RETURNS TABLE (callee bigint, dials bigint, side text, route_id bigint, order_ids text[], blocked boolean)
LANGUAGE sql STABLE
AS $$
  -- One callee by constraint; should there be two, nobody is reached rather than the
  -- wrong one.
  SELECT max(r.callee), max(coalesce(r.dials, r.callee)),
    CASE WHEN max(lower(r.live)) FILTER (WHERE r.side = 'customer')
        >= coalesce(max(lower(r.live)) FILTER (WHERE r.side = 'agent'), '-infinity')
      THEN 'customer' ELSE 'agent' END,
    max(r.route_id), array_agg(r.order_id), bool_or(r.blocked)
  FROM masking.routes r
  WHERE r.caller = the_caller AND masking.was_live(r.live, r.closed, at)
    AND (r.proxy = dialled OR r.proxy IS NULL)
  HAVING min(r.callee) = max(r.callee) AND max(r.callee) <> masking.person(dialled)
$$;
COMMENT ON FUNCTION masking.reached(bigint, bigint, timestamptz) IS
  'Who is reached: caller in the spelling of masking.person(), number dialled, moment (NULL: now). No row: nobody. dials: how the callee is dialled; side: the caller''s in the order that connected them last; blocked: he may not call this way.';
