-- How it went with the phones that were rung, by country: of the latest 2,000 calls of a day, so that a
-- small shop's evening is judged as well as a large one's minute. A country is in trouble while at least half of its
-- latest dials, of 20 at most, could not be put through: failing_since is when that
-- began, or, since_before, as far as was looked back; failed and dialled are its dials, cause is the most frequent of
-- Plivo's codes in it. NULLs: it is not.
-- Reads calls by time, routes by order.
CREATE OR REPLACE VIEW masking.dial_countries AS
WITH latest AS MATERIALIZED (
  SELECT min(c.called_at) AS since FROM (
    SELECT k.called_at FROM masking.calls k WHERE k.called_at > now() - interval '24 hours' ORDER BY k.called_at DESC LIMIT 2000) c
), rung AS MATERIALIZED (
  SELECT masking.calling_code(r.digits) AS code, r.called_at, r.class, r.hangup_code, r.class = 'not_put_through' AS is_failed
  FROM latest, LATERAL masking.rung_calls(latest.since - interval '1 microsecond', now()) r
), told AS (
  SELECT r.*, row_number() OVER w AS place, count(*) FILTER (WHERE r.is_failed) OVER w AS failed_until
  FROM rung r
  WHERE r.class <> 'open'
  WINDOW w AS (PARTITION BY r.code ORDER BY r.called_at DESC ROWS UNBOUNDED PRECEDING)
), stretch AS (
  -- Each failure counts for one, each dial that went through against one: where the sum is greatest, it began.
  SELECT t.code, (array_agg(t.place ORDER BY t.failed_until * 2 - t.place DESC, t.place DESC))[1] AS length,
    (array_agg(t.place ORDER BY t.failed_until * 2 - t.place DESC, t.place DESC))[1] = count(*) AS is_whole,
    count(*) FILTER (WHERE t.place <= 20 AND t.is_failed) * 2 >= least(count(*), 20) AND count(*) >= 5 AS is_failing
  FROM told t GROUP BY t.code
), failing AS (
  SELECT t.code, count(*) FILTER (WHERE t.is_failed) AS failed, count(*) AS dialled, min(t.called_at) AS since,
    bool_or(s.is_whole) AND EXISTS (SELECT FROM masking.calls c, latest WHERE c.called_at < latest.since) AS is_whole,
    max(t.called_at) FILTER (WHERE t.is_failed) AS last_failed_at, mode() WITHIN GROUP (ORDER BY t.hangup_code) FILTER (WHERE t.is_failed) AS cause
  FROM stretch s
  JOIN told t ON t.code IS NOT DISTINCT FROM s.code AND t.place <= s.length
  WHERE s.is_failing
  GROUP BY t.code
)
SELECT r.code, count(*) AS calls, count(*) FILTER (WHERE r.class = 'answered') AS answered, count(*) FILTER (WHERE r.class = 'not_taken') AS not_taken,
  count(*) FILTER (WHERE r.is_failed) AS not_put_through, count(*) FILTER (WHERE r.class = 'open') AS still_open,
  f.failed, f.dialled, f.since AS failing_since, f.is_whole AS since_before, f.last_failed_at, f.cause
FROM rung r
LEFT JOIN failing f ON f.code IS NOT DISTINCT FROM r.code
GROUP BY r.code, f.failed, f.dialled, f.since, f.is_whole, f.last_failed_at, f.cause
ORDER BY 2 DESC, r.code;

COMMENT ON VIEW masking.dial_countries IS
  'The latest calls that were put through, by country of who was rung: what became of them, and whether and since when at least half of them fail.';
COMMENT ON COLUMN masking.dial_countries.code IS 'The calling code of who was rung; NULL: not known.';
COMMENT ON COLUMN masking.dial_countries.calls IS 'How many calls were put through.';
COMMENT ON COLUMN masking.dial_countries.answered IS 'Of these, those that were answered.';
COMMENT ON COLUMN masking.dial_countries.not_taken IS 'Those of which a phone rang, and nobody took the call.';
COMMENT ON COLUMN masking.dial_countries.not_put_through IS 'Those of which none could be rung.';
COMMENT ON COLUMN masking.dial_countries.still_open IS 'Those of which no end is told yet.';
COMMENT ON COLUMN masking.dial_countries.failed IS 'How many of the dials since it fails could not be put through; NULL, as in the next ones: the country is in no trouble.';
COMMENT ON COLUMN masking.dial_countries.dialled IS 'How many dials that were.';
COMMENT ON COLUMN masking.dial_countries.failing_since IS 'Since when at least half of them fail.';
COMMENT ON COLUMN masking.dial_countries.since_before IS 'Whether that is only as far as was looked back.';
COMMENT ON COLUMN masking.dial_countries.last_failed_at IS 'When the last of them failed.';
COMMENT ON COLUMN masking.dial_countries.cause IS 'The most frequent of Plivo''s codes among them; NULL: none was told.';
