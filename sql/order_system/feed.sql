-- what happened since? the position of the last row seen (0: the oldest that is kept), and how many rows at most
SELECT position, happened_at, kind, what, order_ids, side, proxy_number, answered, seconds
FROM feed_after(0, 100);
