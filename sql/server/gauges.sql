-- What do the metrics say about the orders and the pool? Labels in Prometheus
-- notation, '' for none.
SELECT name, labels, value FROM masking.gauges()
ORDER BY name, labels
