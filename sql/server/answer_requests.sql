-- Who is rung next in each of these calls that we placed, and what is on record about it?
-- $1 CallUUIDs, $2 requests, $3 phones that answered, $4 numbers that they saw, $5 keys pressed ('': none yet),
-- $6 the ask that each is; $7 the same for all of them: 1 if calls are recorded.
SELECT place, outcome, counterpart, say, voice, language, digits, shows, greet_say, greet_voice, greet_language,
  greets_callee::integer AS greets_callee
FROM masking.answer_requests($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], ($7::bigint[])[1] = 1)
