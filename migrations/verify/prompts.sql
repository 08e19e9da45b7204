-- Verify number-masking:prompts on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT event, language, words, voice, play_url, number FROM masking.prompts WHERE false;
SELECT kind, outcome, event, rank, tone, told, briefly, class FROM masking.outcomes WHERE false;

ROLLBACK;
