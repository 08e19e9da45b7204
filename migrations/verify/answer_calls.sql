-- Verify number-masking:answer_calls on pg

SELECT 1 / has_function_privilege('masking_server',
  'masking.answer_calls(text[], bigint[], bigint[], bigint, boolean, boolean)', 'EXECUTE')::int;
SELECT 1 / has_function_privilege('masking_server',
  'masking.record_apologies(text[], bigint[], double precision[])', 'EXECUTE')::int;
