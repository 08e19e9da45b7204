-- Are there enough numbers, and are they healthy? The page of the console, line by line; $1[1] is who asks.
SELECT part, tone, link, key,
  cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]
FROM masking.console_pool($1[1], $1[2])
