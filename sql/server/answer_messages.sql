-- Who is each of these messages for, and what is on record about it?
-- $1 MessageUUIDs, $2 senders, $3 numbers written to (NULL: not a number), $4 text, or why a
-- message is not to be forwarded, $5 the ask that each is. The text itself never gets here.
SELECT place, outcome, counterpart, say, voice, language, digits, shows, greet_say, greet_voice, greet_language,
  greets_callee::integer AS greets_callee
FROM masking.answer_messages($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
