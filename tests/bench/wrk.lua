-- wrk.lua - sends the requests of a file, one after the other, and prints the result as JSON.
--
--   wrk … -s wrk.lua URL -- FILE FIRST        (FILE "-": a plain GET of the URL)
--
-- The file (made by load.py) holds whole requests, each behind its length in six digits, so
-- that making one costs nothing here. FIRST skips that many.

local whole, position, start

function init(arguments)
  if arguments[1] == "-" then
    return
  end
  local file = assert(io.open(arguments[1], "rb"))
  whole = file:read("*a")
  file:close()
  position = 1
  for _ = 1, tonumber(arguments[2]) do
    position = position + 6 + tonumber(whole:sub(position, position + 5))
  end
  start = position
end

function request()
  if whole == nil then
    return wrk.request()
  end
  if position > #whole then
    position = start
  end
  local length = tonumber(whole:sub(position, position + 5))
  local text = whole:sub(position + 6, position + 5 + length)
  position = position + 6 + length
  return text
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "seconds": %f, "p50": %d, "p99": %d, "p999": %d, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
