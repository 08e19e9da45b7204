-- Verify number-masking:schema_version on pg

SELECT 1 / has_function_privilege('masking_server', 'masking.schema_version()', 'EXECUTE')::int;
