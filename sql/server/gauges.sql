-- What do the metrics say about the orders and the pool? Labels in Prometheus
-- notation, '' for none. The values of one name stand together. A server has room for so many: what
-- there is once, as alerts ask for it, comes before what there is per prefix of the pool, and of
-- that the headroom comes first, the shortest before others.
SELECT name, labels, value FROM masking.gauges()
ORDER BY starts_with(labels, 'prefix='), name <> 'pool_headroom', name,
  CASE name WHEN 'pool_headroom' THEN value END, labels
