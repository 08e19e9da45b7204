-- Which schema is this: how many changes are deployed, and which is the last?
SELECT changes, latest FROM masking.schema_version()
