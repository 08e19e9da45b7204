-- Does this code lead to somebody, and what is on record about it?
-- $1 CallUUIDs, $2 callers, $3 dialled numbers, $4 the attempt of the call, $5 codes, $6 the ask that each is.
SELECT place, outcome, counterpart, say, voice, language, digits, shows, greet_say, greet_voice, greet_language,
  greets_callee::integer AS greets_callee
FROM masking.answer_codes($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
