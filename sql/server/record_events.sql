-- What did Plivo tell about these calls, and what does each caller hear now?
-- $1 CallUUIDs, $2 dialled numbers, $3 the event of prompts that is said (NULL: nothing); $4 on:
-- one column of masking.calls each, NULL where the event tells nothing of it.
SELECT place, say, voice, language
FROM masking.record_events($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
  $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::text[],
  $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[], $20::bigint[], $21::text[],
  $22::bigint[], $23::text[], $24::bigint[])
