-- The planner's settings of the functions that everything waits for. Plans are cached per connection:
-- one made while a table was empty would otherwise read it whole for as long as nobody analysed
-- it. They are pinned here, once for all of them, whenever functions are put in place.
DO $$
DECLARE
  pinned record;
  setting text;
BEGIN
  FOR pinned IN
    SELECT p.oid::regprocedure AS name, CASE
      -- Few rows that meet a pool of hundreds: joined by hashing, not row by row.
      WHEN p.proname = 'choose_proxy' THEN ARRAY['enable_hashjoin = on', 'enable_nestloop = off']
      -- Pages for people, and gauges: by keys and by time, never a large table from end to end.
      WHEN p.proname ~ '^(console_|(explain|missed|calls_by_country|gauges)$)' THEN ARRAY['enable_seqscan = off', 'jit = off']
      -- A day's calls, each joined to few words: by hashing, not one by one.
      WHEN p.proname = 'calls_by_hour' THEN ARRAY['enable_nestloop = off', 'enable_seqscan = off', 'jit = off']
      -- An index of arrays can be asked in no other way.
      WHEN p.proname = 'calls_about' THEN ARRAY['enable_seqscan = off', 'enable_bitmapscan = on', 'jit = off']
      ELSE ARRAY['plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'enable_bitmapscan = off',
        'enable_hashjoin = off', 'enable_mergejoin = off', 'jit = off']
    END AS settings
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'masking'::regnamespace AND p.proname IN (
      'answer_calls', 'answer_codes', 'answer_messages', 'are_too_many', 'record_deliveries', 'record_events', 'record_apologies', 'find_prompts',
      'orders_written', 'order_phones_written', 'routes_opened', 'assign_pending', 'choose_proxy',
      'forget_numbers', 'retention_run', 'feed_run', 'feed_after', 'order_calls', 'calls_about', 'missed', 'calls_by_country',
      'erase_person', 'proxy_numbers_written', 'replace_number',
      'console_now', 'console_order', 'console_why', 'console_calls', 'console_call', 'console_pool', 'calls_by_hour', 'explain', 'gauges')
  LOOP
    FOREACH setting IN ARRAY pinned.settings LOOP
      EXECUTE format('ALTER FUNCTION %s SET %s', pinned.name, setting);
    END LOOP;
  END LOOP;
END
$$;
