-- What is going on? The page of the console, line by line; $1[1] is who asks.
SELECT part, tone, link, key,
  cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]
FROM masking.console_calls($1[1], $1[2], $1[3], $1[4], $1[5], $1[6], $1[7], $1[8])
