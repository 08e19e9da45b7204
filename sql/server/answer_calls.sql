-- Who does each of these calls reach, and what is on record about it?
-- $1 CallUUIDs, $2 callers, $3 dialled numbers (NULL: not a number), $4 the ask that each is. $5
-- the same for all of them: whom to ring for strangers (NULL: nobody), 1 if they can be asked for
-- a code, 1 if calls are recorded.
SELECT place, outcome, counterpart, say, voice, language, digits, shows, greet_say, greet_voice, greet_language,
  greets_callee::integer AS greets_callee
FROM masking.answer_calls($1::text[], $2::bigint[], $3::bigint[], $4::bigint[],
  ($5::bigint[])[1], ($5::bigint[])[2] = 1, ($5::bigint[])[3] = 1)
