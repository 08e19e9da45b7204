-- Verify number-masking:answer_codes on pg

SELECT 1 / has_function_privilege('masking_server',
  'masking.answer_codes(text[], bigint[], bigint[], bigint[], text[])', 'EXECUTE')::int;
