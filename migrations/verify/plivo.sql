-- Verify number-masking:plivo on pg

BEGIN;

SELECT 1 / count(*) FROM pg_roles WHERE rolname = 'masking_plivo' AND rolcanlogin AND NOT rolsuper;
SELECT 1 / has_schema_privilege('masking_plivo', 'masking', 'USAGE')::integer;
SET LOCAL ROLE masking_owner;
SELECT one, account, app_id, app_name, public_url, sent, connected_at FROM masking.plivo_connection WHERE false;
SELECT number, former, sms, switched_off, attached_at FROM masking.plivo_numbers WHERE false;
SELECT one, looked_at, credits, prepaid, application FROM masking.plivo_look WHERE false;
SELECT number, owner, voice, sms, renews, rent FROM masking.plivo_seen WHERE false;
SELECT number, since FROM masking.plivo_suspects WHERE false;
SELECT run, command, options, phase, picture, step, words, exit_code, heard_at, ended_at FROM masking.plivo_runs WHERE false;

ROLLBACK;
