-- Verify number-masking:prompts on pg

BEGIN;

SELECT 1 / has_function_privilege('masking_server', 'masking.find_prompts(text[], bigint[])', 'EXECUTE')::int;
SET LOCAL ROLE masking_owner;

SELECT event, language, words, voice, play_url FROM masking.prompts WHERE false;
SELECT language FROM masking.proxy_numbers WHERE false;
SELECT 1 / count(*) FROM masking.prompt('busy', 14155550100);

ROLLBACK;
