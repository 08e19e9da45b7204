-- What is said at these events, in the language of these numbers?
-- $1 events of masking.prompts, $2 dialled numbers.
SELECT place, say, voice, language
FROM masking.find_prompts($1::text[], $2::bigint[])
