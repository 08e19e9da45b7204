-- Verify number-masking:choose_proxy on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT available, proxy
FROM masking.choose_proxy(
  ROW('verify', '14156667777', '14156667778', NULL, now(), NULL, NULL, NULL, NULL)::masking.orders,
  now(), '{}');

ROLLBACK;
