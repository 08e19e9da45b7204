-- What did Plivo tell about these calls, and what does each caller hear now?
-- $1 CallUUIDs, $2 kinds of event, $3 dialled numbers; fact j of $4 (which event, from 1),
-- $5 (Plivo's name for it) and $6 (its value) is one parameter of an event.
SELECT place, say, voice, language
FROM masking.record_events($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
