-- What somebody types as a time, on the console's pages.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.read(zone text, typed text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  times timestamptz[];
BEGIN
  PERFORM set_config('TimeZone', zone, true);
  times := masking.typed_times(typed);
  PERFORM set_config('TimeZone', 'UTC', true);
  RETURN coalesce((SELECT string_agg(to_char(t, 'YYYY-MM-DD HH24:MI:SS'), ' or ') FROM unnest(times) t), CASE WHEN times IS NULL THEN 'no time' ELSE 'never was' END);
END
$$;

SELECT is(pg_temp.read(zone, typed), utc, zone || ': ' || typed) FROM (VALUES
  ('UTC', '2026-11-25 19:42', '2026-11-25 19:42:00'),
  ('UTC', '2026-11-25T9:42:10', '2026-11-25 09:42:10'),
  ('Asia/Kolkata', '2026-11-25', '2026-11-24 18:30:00'),
  -- The hour that comes twice.
  ('America/New_York', '2026-11-01 01:30', '2026-11-01 05:30:00 or 2026-11-01 06:30:00'),
  ('America/New_York', '2026-11-01 01:30-05', '2026-11-01 06:30:00'),
  ('America/New_York', '2026-11-01 01:30 -0400', '2026-11-01 05:30:00'),
  ('America/New_York', '2026-11-01 01:30:00 EST', '2026-11-01 06:30:00'),
  ('America/New_York', '2026-11-01 01:30:00 edt', '2026-11-01 05:30:00'),
  ('America/New_York', '2026-11-01 00:59:59', '2026-11-01 04:59:59'),
  ('America/New_York', '2026-11-01 02:00', '2026-11-01 07:00:00'),
  ('Europe/Berlin', '2026-10-25 02:15', '2026-10-25 00:15:00 or 2026-10-25 01:15:00'),
  ('Australia/Lord_Howe', '2026-04-05 01:45', '2026-04-04 14:45:00 or 2026-04-04 15:15:00'),
  -- The hour that is left out.
  ('America/New_York', '2026-03-08 02:30', 'never was'),
  ('America/New_York', '2026-03-08 02:30-05', '2026-03-08 07:30:00'),
  ('America/New_York', '2026-03-08 03:00', '2026-03-08 07:00:00'),
  ('Pacific/Apia', '2011-12-30 12:00', 'never was'),
  ('America/Sao_Paulo', '2018-11-04', '2018-11-04 03:00:00'),
  -- Offsets, and a zone as we write it.
  ('Asia/Kolkata', '2026-11-25 19:42Z', '2026-11-25 19:42:00'),
  ('UTC', '2026-11-25 19:42+05:30', '2026-11-25 14:12:00'),
  ('Asia/Kolkata', '2026-11-25 19:42:00 IST', '2026-11-25 14:12:00'),
  ('America/Sao_Paulo', '2026-11-25 19:42:00 -03', '2026-11-25 22:42:00'),
  ('Europe/London', '2026-11-25 19:42 EST', 'no time'),
  ('UTC', '2026-11-25 19:42+99', 'no time'),
  ('UTC', '2026-02-30 19:42', 'no time'),
  ('UTC', '2026-11-25 25:00', 'no time'),
  ('UTC', '19:42 7', 'no time'),
  -- As people write them elsewhere.
  ('UTC', '25.11.2026 19:42', '2026-11-25 19:42:00'),
  ('UTC', '5.1.2026, 19:42:10', '2026-01-05 19:42:10'),
  ('Asia/Kolkata', '25.11.2026', '2026-11-24 18:30:00'),
  ('UTC', '31.2.2026 19:42', 'no time'),
  ('UTC', '11.25.2026 19:42', 'no time'),
  ('UTC', '2026-11-25 7:42 pm', '2026-11-25 19:42:00'),
  ('UTC', '2026-11-25 7:42PM', '2026-11-25 19:42:00'),
  ('UTC', '25.11.2026 7:42:10 p.m.', '2026-11-25 19:42:10'),
  ('UTC', '2026-11-25 7 pm', '2026-11-25 19:00:00'),
  ('UTC', '2026-11-25 12 am', '2026-11-25 00:00:00'),
  ('UTC', '2026-11-25 12:05 am', '2026-11-25 00:05:00'),
  ('UTC', '2026-11-25 12:30 pm', '2026-11-25 12:30:00'),
  ('UTC', '2026-11-25 7 am -05', '2026-11-25 12:00:00'),
  ('America/New_York', '2026-11-01 1:30 am', '2026-11-01 05:30:00 or 2026-11-01 06:30:00'),
  ('America/New_York', '2026-11-01 1:30 am EST', '2026-11-01 06:30:00'),
  ('UTC', '2026-11-25 19:42 pm', 'no time'),
  ('UTC', '2026-11-25 0:42 pm', 'no time'),
  ('UTC', '2026-11-25 19', 'no time'),
  ('UTC', 'pm', 'no time'),
  ('Asia/Kolkata', '2026-11-25 19:42 UTC', '2026-11-25 19:42:00'),
  ('Asia/Kolkata', '2026-11-25 19:42 UTC+2', '2026-11-25 17:42:00'),
  ('Asia/Kolkata', '2026-11-25 19:42 GMT-03:30', '2026-11-25 23:12:00'),
  ('UTC', '  2026-11-25 19:42 ', '2026-11-25 19:42:00'),
  ('UTC', '-05', 'no time'),
  ('UTC', '2026-11-25-05', 'no time'),
  ('UTC', '', 'no time')) AS c (zone, typed, utc);

SELECT is((masking.typed_times(to_char(now() - span, 'HH24:MI:SS')))[1], date_trunc('second', now() - span), 'the last one, ' || span || ' ago')
FROM unnest(ARRAY['0 s', '5 minutes', '23 hours']::interval[]) span;
SELECT is((masking.typed_times(to_char(now() - span, 'HH12:MI:SS am')))[1], date_trunc('second', now() - span), 'also by half days, ' || span || ' ago')
FROM unnest(ARRAY['0 s', '5 minutes', '11 hours', '13 hours', '23 hours']::interval[]) span;
-- From the first zone of the earth to the last and back, so that no hour of the day hides one.
CREATE FUNCTION pg_temp.typed_in(zone text, typed text) RETURNS timestamptz[]
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM set_config('TimeZone', zone, true);
  RETURN masking.typed_times(typed);
END
$$;
SELECT is(pg_temp.typed_in(zone, to_char((now() - span) AT TIME ZONE 'UTC' + hours * interval '1 hour', 'HH24:MI:SS') || to_char(hours, 'SG00')), ARRAY[date_trunc('second', now() - span)],
  format('with an offset, %s ago, %s, in %s', span, hours, zone))
FROM unnest(ARRAY['0 s', '5 minutes', '23 hours']::interval[]) span, unnest(ARRAY['Etc/GMT+12', 'UTC', 'Etc/GMT-14']) zone, unnest(ARRAY[-12, -9, 0, 14]) hours;

SET TimeZone = 'America/New_York';
SELECT results_eq($$SELECT cells[1], cells[2] FROM masking.console_why('u', '14156660001', NULL, '2026-11-01 01:30') WHERE part = 'answer'$$,
  $$VALUES ('That time came twice.', 'Clocks in America/New_York were put back. Write 2026-11-01 01:30-04 for the first, or 2026-11-01 01:30-05 for the second.')$$,
  'of two times both are offered');
SELECT results_eq($$SELECT cells[1], cells[2] FROM masking.console_calls('u', NULL, NULL, NULL, NULL, NULL, '2026-03-08 02:30:10', NULL) WHERE part = 'answer'$$,
  $$VALUES ('There was no such time.', 'Clocks in America/New_York were put forward over it. Write an earlier or a later one, or an offset behind it, as -05.')$$,
  'and one that was left out is said');
SELECT is((SELECT cells[1] FROM masking.console_why('u', '14156660001', NULL, 'yesterday') WHERE part = 'answer' LIMIT 1), 'The time cannot be read.', 'as is what is none');
INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome) VALUES ('second', '2026-11-01 01:29-05', '2026-11-01 01:29-05', 'no_number');
SELECT is((SELECT key FROM masking.console_call('u', 'second') WHERE link = 'until'), '2026-11-01 01:30-05', 'a link to it says which');

SELECT is(masking.said_clock(at), said, 'said in a column: ' || said) FROM (VALUES
  ('2026-11-01 00:59:59-04'::timestamptz, '2026-11-01 00:59:59'), ('2026-11-01 01:30-04', '2026-11-01 01:30:00 EDT'),
  ('2026-11-01 01:30-05', '2026-11-01 01:30:00 EST'), ('2026-11-01 02:00-05', '2026-11-01 02:00:00'), ('infinity', 'for ever')) AS c (at, said);

SELECT * FROM finish();
ROLLBACK;
