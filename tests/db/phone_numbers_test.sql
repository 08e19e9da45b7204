-- One notation for phone numbers; what is refused names the column, the rule
-- and at most two digits (promise 1).
SELECT no_plan();

SELECT is(masking.e164(written, 'number'), '14156667777', 'accepted: ' || quote_literal(written))
FROM unnest(ARRAY[
  '14156667777', '+14156667777', '+1 415-666-7777', '1.415.666.7777', '+1 (415) 666 7777',
  '0014156667777', '00 1 415 666 7777', ' 14156667777 ', '[1] 4156667777', '1415‑666‑7777', E'\u202A+1 415-666-7777\u202C', E'+1\u00A0415 666 7777', E'+1\u2013415\u2212666\u20147777'
]) AS written;
SELECT is(masking.e164('2908123', 'n'), '2908123', 'seven digits are enough');
SELECT is(masking.e164('491234567890123', 'n'), '491234567890123', 'fifteen digits are allowed');
SELECT is(masking.e164(NULL, 'n'), NULL, 'no number stays no number');

SELECT throws_ok(format('SELECT masking.e164(%L, %L)', written, 'agent_number'), 'MK001', NULL,
  'refused: ' || quote_literal(left(written, 40)))
FROM unnest(ARRAY[
  '', ' ', '+', '00', '04156667777', '07971442086', '123456', '1234567890123456', '+014156667777',
  '++14156667777', '1+4156667777', '14156667777x', 'x', 'anonymous', 'sip:14156667777@phone.plivo.com',
  '١٤١٥٦٦٦٧٧٧٧', '１４１５６６６７７７７', E'14156667777\n', E'1415\t6667777', '14156667777; DROP TABLE orders',
  ''' OR 1=1', '+00 14156667777', repeat('1', 10000)
]) AS written;

SELECT throws_ok($$SELECT masking.e164('(0)415 666 7791', 'agent_number')$$, 'MK001',
  'agent_number: "**91" is not a phone number in international form',
  'promise 1: the error names the column and shows two digits');
SELECT is(masking.redacted('14156667777'), '**77', 'redaction keeps two digits');
SELECT is(masking.redacted('x'), '**', 'redaction of something without digits');

SELECT * FROM finish();
