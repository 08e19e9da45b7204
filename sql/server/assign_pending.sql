-- Which waiting orders get a proxy number that is free by now?
SELECT order_id, proxy_number FROM masking.assign_pending()
