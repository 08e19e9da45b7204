-- Three numbers for the pool of "make run", so that an order is given one as in production. Nobody
-- rents them: 555-01.. belongs to stories. The sample pairs, routed before, stay on any number. Who
-- has put numbers in already gets none.
INSERT INTO masking.proxy_numbers (number)
SELECT number FROM (VALUES ('14155550100'), ('14155550101'), ('14155550102')) AS v (number)
WHERE NOT EXISTS (SELECT FROM masking.proxy_numbers);
-- The sample pairs have none of their own; this is what both see on a call that is asked for.
UPDATE masking.settings SET word = '14155550100' WHERE name = 'request_number' AND word = 'none';
