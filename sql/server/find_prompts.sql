-- What is said at these events, in the language of these numbers?
-- $1 events of masking.prompts, $2 dialled numbers, $3 CallUUIDs of the calls that it is about (NULL: said about no call).
SELECT place, say, voice, language
FROM masking.find_prompts($1::text[], $2::bigint[], $3::text[])
