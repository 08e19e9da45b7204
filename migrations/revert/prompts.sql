-- Revert number-masking:prompts from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.find_prompts(text[], bigint[]);
DROP FUNCTION masking.prompt(text, bigint);
ALTER TABLE masking.proxy_numbers DROP COLUMN language;
DROP TABLE masking.prompts;

COMMIT;
