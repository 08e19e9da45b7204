-- How many orders and routes lost their phone numbers now, and how many rows went? All 0: nothing
-- to do, or another server is at it.
SELECT orders, routes, removed FROM masking.retention_run()
