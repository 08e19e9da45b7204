-- What do the metrics say about the orders, the calls and the pool? Labels in Prometheus
-- notation, '' for none. The values of one name stand together. A server has room for so many: what
-- there is once, as alerts ask for it, comes before what there is per calling code, prefix of the pool
-- and number; of prefixes the shortest come first, of numbers those that were not called for longest.
SELECT name, labels, value FROM masking.gauges()
ORDER BY labels ~ '^(calling_code|prefix|number)=',
  array_position('{calls_rung,pool_headroom,live_routes,number_last_call_timestamp_seconds,number_live_routes}', name), name,
  CASE WHEN name IN ('pool_headroom', 'number_last_call_timestamp_seconds') THEN value
    WHEN name IN ('live_routes', 'number_live_routes') THEN -value END,
  labels
