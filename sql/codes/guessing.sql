CREATE OR REPLACE VIEW masking.guessing AS
SELECT f.proxy, count(*) AS failures, count(DISTINCT f.caller) AS callers, masking.is_closed_to_codes(f.proxy) AS is_closed
FROM masking.code_failures f
WHERE f.failed_at > now() - interval '1 hour'
GROUP BY f.proxy;
COMMENT ON VIEW masking.guessing IS
  'Wrong codes of the last hour by number: many from many callers is somebody who forges caller ids.';
COMMENT ON COLUMN masking.guessing.proxy IS 'The number dialled.';
COMMENT ON COLUMN masking.guessing.failures IS 'How many wrong codes were entered on it.';
COMMENT ON COLUMN masking.guessing.callers IS 'By how many callers.';
COMMENT ON COLUMN masking.guessing.is_closed IS 'Whether they were so many that it takes no code at the moment.';
