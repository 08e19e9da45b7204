-- Who does each of these calls reach, and what is on record about it?
-- $1 CallUUIDs, $2 callers, $3 dialled numbers (NULL: not a number).
SELECT place, outcome, counterpart, say, voice, language
FROM masking.answer_calls($1::text[], $2::bigint[], $3::bigint[])
