-- Does something hold up calls? For a page that could not be made; $1[1] is who asks.
SELECT part, tone, link, key,
  cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]
FROM masking.console_locks($1[1])
