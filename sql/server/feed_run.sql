-- What happened since gets its positions in the feed: how much was looked at?
-- $1 after how many seconds a call has ended for sure
SELECT masking.feed_run(($1::float8[])[1]) AS looked_at
