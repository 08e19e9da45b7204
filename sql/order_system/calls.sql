-- who called whom about this order, and what became of it?
SELECT called_at, caller, callee, outcome, ring_seconds, talk_seconds, hung_up_by
FROM order_calls('A-1001') ORDER BY called_at;
