-- Verify number-masking:reasons on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT reason, tone, sentence, next_step, sqlstate FROM masking.reasons WHERE false;
SELECT (NULL::masking.finding).*;

ROLLBACK;
