-- Verify number-masking:chores on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT name, reached_time, reached_id, found, finding, finished_at FROM masking.chores WHERE false;
SELECT name, labels, value FROM masking.gauge_values WHERE false;
SELECT minute, reason, refused FROM masking.refused_signatures WHERE false;

ROLLBACK;
