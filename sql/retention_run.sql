-- How many orders and routes lost their phone numbers now? Both 0: nothing to
-- do, or another server is at it.
SELECT orders, routes FROM masking.retention_run()
