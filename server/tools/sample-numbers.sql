-- Three numbers for the pool of "make run", so that an order is given one as in production. Nobody
-- rents them: 555-01.. belongs to stories. The sample pairs, routed before, stay on any number.
INSERT INTO masking.proxy_numbers (number)
VALUES ('14155550100'), ('14155550101'), ('14155550102')
ON CONFLICT DO NOTHING;
