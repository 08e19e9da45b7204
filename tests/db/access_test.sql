-- Promise 1: the server's role can ask one narrow question per call, the order
-- system's role can write one table, nobody else anything.
SELECT no_plan();

SELECT is(array_agg(rolname::text ORDER BY rolname), '{masking_caller,masking_console,masking_orders,masking_owner,masking_plivo,masking_server,masking_support}',
  'the roles may log in and have no special powers')
FROM pg_roles
WHERE rolname LIKE 'masking%' AND rolcanlogin
  AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls);

SELECT is_empty(
  $$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'masking'::regnamespace AND c.relowner <> 'masking_owner'::regrole$$,
  'masking_owner owns every table, view and sequence');
SELECT is_empty(
  $$SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'masking'::regnamespace AND p.proowner <> 'masking_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')$$,
  'masking_owner owns every function');

SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', 'masking_server', statement), '42501', NULL,
  'promise 1: the server''s role may not: ' || statement)
FROM unnest(ARRAY[
  'SELECT * FROM masking.orders', 'SELECT * FROM masking.routes', 'SELECT * FROM masking.calls',
  'SELECT * FROM masking.proxy_numbers', 'SELECT * FROM masking.settings', 'SELECT * FROM masking.secrets',
  'INSERT INTO masking.orders (order_id, customer_number) VALUES (''x'', ''14156667777'')',
  'UPDATE masking.calls SET outcome = ''connected''', 'DELETE FROM masking.calls',
  'SELECT nextval(''masking.unmasked_total'')',
  'CREATE TABLE masking.mine (a int)', 'CREATE TABLE public.mine (a int)', 'CREATE SCHEMA mine',
  'COPY masking.calls TO PROGRAM ''cat''',
  'SELECT pg_read_file(''/etc/passwd'')', 'SELECT lo_import(''/etc/passwd'')',
  'SELECT lo_create(0)', 'SELECT lo_from_bytea(0, ''x'')',
  'ALTER ROLE masking_server SUPERUSER', 'SELECT * FROM pg_authid'
]) AS statement;

SELECT is(pg_has_role('masking_server', other, 'MEMBER'), false, 'the server''s role may not become ' || other)
FROM unnest(ARRAY['masking_owner', 'masking_orders', 'postgres']::name[]) other;
SELECT is(pg_has_role('masking_orders', other, 'MEMBER'), false, 'the order system''s role may not become ' || other)
FROM unnest(ARRAY['masking_owner', 'masking_server', 'postgres']::name[]) other;

SELECT is(array_agg(p.proname::text ORDER BY p.proname),
  '{answer_calls,answer_codes,answer_messages,answer_requests,assign_pending,end_requests,feed_run,find_prompts,gauges,record_apologies,record_deliveries,record_events,record_refusals,retention_run,schema_interface}',
  'the server''s role may execute these functions of ours and no other')
FROM pg_proc p
WHERE p.pronamespace = 'masking'::regnamespace AND has_function_privilege('masking_server', p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e');
SELECT is_empty(
  $$SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'masking'::regnamespace
      AND (p.prosecdef OR EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'))
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c = 'search_path=pg_catalog, pg_temp')$$,
  'every function that acts for its owner pins its search_path, temporary objects last: unnamed they come first');

SELECT results_eq(
  $$SELECT p.proname::text COLLATE "C" FROM pg_proc p WHERE p.pronamespace = 'masking'::regnamespace AND p.prosrc ~ 'advisory\w*\(' ORDER BY 1$$,
  ARRAY['answer_codes', 'keep_proxy', 'lock_by', 'lock_order', 'lock_pairs'] COLLATE "C",
  'no other advisory lock: anybody who logs in could take one whose key is no keyed hash');
SELECT is_empty(
  $$SELECT t.tgrelid::regclass || ' ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind = 'r' AND NOT t.tgisinternal AND t.tgenabled <> 'A'$$,
  'every trigger of a table fires always, whatever session_replication_role says');

SELECT throws_ok(format('SELECT tests.run_as(%L, %L)', 'masking_orders', statement), '42501', NULL,
  'the order system''s role may not: ' || statement)
FROM unnest(ARRAY[
  'SELECT * FROM routes', 'SELECT * FROM calls', 'UPDATE settings SET is_on = true',
  'INSERT INTO proxy_numbers (number) VALUES (''14155550100'')',
  'UPDATE proxy_numbers SET enabled = false', 'SELECT * FROM blocked_people', 'INSERT INTO dial_prefixes (prefix) VALUES (''1'')',
  'TRUNCATE orders', 'SELECT masking.answer_calls(''{}'', ''{}'', ''{}'', ''{}'')'
]) AS statement;

SELECT is_empty(
  $$SELECT c.relname || '.' || a.attname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind IN ('r', 'v')
      AND col_description(c.oid, a.attnum) IS NULL$$,
  'every column has a comment');
-- What a view asks is asked with the rights of who reads it.
CREATE FUNCTION pg_temp.reads(role text, view text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SET LOCAL ROLE %I', role);
  EXECUTE format('SELECT count(v) FROM (SELECT * FROM %s) v', view);
  RESET ROLE;
  RETURN NULL;
EXCEPTION WHEN insufficient_privilege THEN
  RETURN SQLERRM; -- the role is the old one again
END
$$;
SELECT is(pg_temp.reads(r.rolname, c.oid::regclass::text), NULL, r.rolname || ' can read ' || c.relname)
FROM pg_class c, pg_roles r
WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind = 'v'
  AND r.rolname IN ('masking_orders', 'masking_server', 'masking_console', 'masking_support', 'masking_plivo', 'masking_caller')
  AND has_table_privilege(r.oid, c.oid, 'SELECT');
SELECT is_empty(
  $$SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind IN ('r', 'v', 'S')
      AND obj_description(c.oid, 'pg_class') IS NULL
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')$$,
  'every table, view and sequence has a comment');
SELECT is_empty(
  $$SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'masking'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')$$,
  'every function has a comment');

SELECT * FROM finish();
