-- Deploy number-masking:schema to pg
--
-- One schema for everything of ours, so that it can live beside an order
-- system's own tables. btree_gist gives the exclusion constraint of routes its
-- equality on numbers; it goes into the schema too, unless it is there already.

BEGIN;

CREATE SCHEMA masking AUTHORIZATION masking_owner;
COMMENT ON SCHEMA masking IS 'Number masking: orders, who reaches whom, and the record of calls.';

CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA masking;

SET LOCAL ROLE masking_owner;
GRANT USAGE ON SCHEMA masking TO masking_orders, masking_server;
-- A new function is nobody's until it is granted.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

COMMIT;
