-- Revert number-masking:codes from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP FUNCTION masking.stranger(bigint, bigint, bigint, boolean);
DROP FUNCTION masking.code_digits(bigint);
DROP FUNCTION masking.is_locked_out(bigint);
DROP FUNCTION masking.issue_codes();
DROP TRIGGER then_no_codes ON masking.orders;
DROP TRIGGER then_codes ON masking.orders;
DROP FUNCTION masking.orders_codes();
DROP FUNCTION masking.kept_code(masking.orders, text, boolean, timestamptz);
DROP FUNCTION masking.issue_code(text, text, bigint, timestamptz, timestamptz, text);
DROP FUNCTION masking.random_digits(integer);
DROP FUNCTION masking.code_length(bigint, timestamptz);
DROP FUNCTION masking.codes_are_on();
DROP VIEW masking.guessing;
DROP TABLE masking.code_failures;
ALTER TABLE masking.orders DROP COLUMN customer_code, DROP COLUMN agent_code;
DROP TABLE masking.codes;
ALTER TABLE masking.settings DISABLE TRIGGER keep;
DELETE FROM masking.settings WHERE name = 'codes';
ALTER TABLE masking.settings ENABLE TRIGGER keep;

COMMIT;
