-- What did Plivo tell about these calls, and what does each caller hear now?
-- $1 CallUUIDs, $2 dialled numbers, $3 the event of prompts that is said (NULL: nothing), $4 what
-- each event tells: a JSON object of columns of masking.calls.
SELECT place, say, voice, language
FROM masking.record_events($1::text[], $2::bigint[], $3::text[], $4::text[])
