-- Which interfaces does this schema serve, and what was edited by hand in it?
SELECT oldest, newest, array_to_string(edited, ', ') AS edited FROM masking.schema_interface()
