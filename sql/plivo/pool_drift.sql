-- Where Plivo, at the last look, and the pool differ.

CREATE OR REPLACE VIEW masking.pool_drift AS
WITH connected AS (
  SELECT c.sent, c.app_id, l.looked_at, l.credits, l.prepaid, l.application
  FROM masking.plivo_connection c JOIN masking.plivo_look l ON l.one = c.one
  WHERE c.one
), pool AS (
  SELECT p.e164 AS number, s.owner, s.voice, s.sms, s.renews, s.rent, k.sms AS had_sms
  FROM masking.proxy_numbers p
  LEFT JOIN masking.plivo_seen s ON s.number = p.e164
  LEFT JOIN masking.plivo_numbers k ON k.number = p.e164
  WHERE p.enabled
)
SELECT 'application' AS kind, '' AS number,
  'the application ' || c.app_id || ' is gone from Plivo: connect again' AS words
FROM connected c WHERE c.application IS NULL
UNION ALL
SELECT 'application', '', 'the application has ' || d.field || ' = '
  || coalesce(nullif(masking.plivo_clean(d.has), ''), '(nothing)') || ' instead of ' || (d.want #>> '{}') || ': connect again'
FROM connected c CROSS JOIN LATERAL masking.plivo_differing(c.application, c.sent, c.sent) d
WHERE d.drifted
UNION ALL
SELECT CASE WHEN p.owner IS NULL THEN 'gone' ELSE 'lost' END, p.number::text, p.number || ' ' || CASE
  WHEN p.owner IS NULL THEN 'is no longer in the account, but in the pool'
  WHEN p.owner = 'free' THEN 'is attached to nothing, but in the pool'
  WHEN p.owner = 'trunk' THEN 'belongs to a SIP trunk, but is in the pool'
  WHEN p.owner = 'subaccount' THEN 'belongs to a subaccount, but is in the pool'
  ELSE 'belongs to another application, but is in the pool' END
FROM connected c CROSS JOIN pool p WHERE p.owner IS DISTINCT FROM 'ours'
UNION ALL
SELECT 'idle', s.number::text, s.number || ' rings here, but is not in the pool'
FROM connected c CROSS JOIN masking.plivo_seen s
WHERE s.owner = 'ours' AND NOT EXISTS (SELECT FROM masking.proxy_numbers p WHERE p.e164 = s.number)
UNION ALL
SELECT 'voice', p.number::text, p.number || ' takes no calls any more'
FROM connected c CROSS JOIN pool p WHERE p.owner = 'ours' AND NOT p.voice
UNION ALL
SELECT 'sms', p.number::text, p.number || ' takes no texts any more'
FROM connected c CROSS JOIN pool p WHERE p.owner = 'ours' AND p.had_sms AND NOT p.sms
UNION ALL
SELECT 'renewal', p.number::text, p.number || ' renews on ' || p.renews || ', and credits are low (' || round(c.credits, 2) || ')'
FROM connected c CROSS JOIN pool p
WHERE c.prepaid AND p.renews < c.looked_at::date + 7
  AND c.credits < 10 + (SELECT coalesce(sum(o.rent), 0) FROM pool o WHERE o.renews < c.looked_at::date + 7);

COMMENT ON VIEW masking.pool_drift IS 'Where Plivo, when number-masking-plivo last looked, and the pool differ. Empty: in step, or not connected.';
COMMENT ON COLUMN masking.pool_drift.kind IS 'lost, gone, idle, voice, sms, renewal or application.';
COMMENT ON COLUMN masking.pool_drift.number IS 'The proxy number; '''' for the application.';
COMMENT ON COLUMN masking.pool_drift.words IS 'What differs.';
