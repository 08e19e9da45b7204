-- What ANALYZE keeps of phone numbers: most_common_vals and histogram_bounds, which outlive the rows they came from.
CREATE OR REPLACE FUNCTION masking.forgotten_statistics() RETURNS TABLE (of_table text, number_count bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- (An index on an expression has statistics of its own.) Each question after whether a number is there has its index.
  SELECT k.of_table, count(*)
  FROM (VALUES ('orders', 'orders', ARRAY['customer_number', 'agent_number', 'customer', 'agent']),
    ('routes', 'routes', ARRAY['caller', 'callee', 'dials']), ('routes', 'one_counterpart', ARRAY['expr']),
    ('order_phones', 'order_phones', ARRAY['number', 'phone']), ('code_failures', 'code_failures', ARRAY['caller']),
    ('told_senders', 'told_senders', ARRAY['number'])) AS k (of_table, relation, columns)
  JOIN pg_stats s ON s.schemaname = 'masking' AND s.tablename = k.relation AND s.attname = ANY (k.columns)
  CROSS JOIN LATERAL (
    SELECT masking.person(v::bigint) AS person
    FROM unnest(coalesce(s.most_common_vals::text::text[], '{}') || coalesce(s.histogram_bounds::text::text[], '{}')) v
    WHERE v ~ '^[0-9]{7,15}$'
  ) n
  WHERE NOT EXISTS (SELECT FROM masking.routes r WHERE r.caller = n.person)
    AND NOT EXISTS (SELECT FROM masking.orders o WHERE o.customer = n.person)
    AND NOT EXISTS (SELECT FROM masking.orders o WHERE o.agent = n.person)
    AND NOT EXISTS (SELECT FROM masking.order_phones p WHERE p.phone = n.person)
    AND NOT EXISTS (SELECT FROM masking.code_failures f WHERE f.caller = n.person)
    AND NOT EXISTS (SELECT FROM masking.told_senders t WHERE t.number = n.person)
  GROUP BY 1
$$;
COMMENT ON FUNCTION masking.forgotten_statistics() IS
  'How many phone numbers that are nowhere else any more the planner''s statistics (pg_stats) still have, by table.';

CREATE OR REPLACE FUNCTION masking.forget_statistics() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s' -- an autovacuum gives way after deadlock_timeout, which is one
AS $$
-- Has the planner's statistics made anew where they have what is forgotten; in this transaction, whose changes ANALYZE sees.
-- It reads a sample, 30,000 rows however large the table is. Of a table, or a partial index, without any row it leaves
-- what it has: so there is one meanwhile, that nobody else sees. (Further phones hang on an order, so the last of them
-- stays there until there is another; remembered() counts it.)
--   writes  nothing that stays
--   locks   the tables, against VACUUM, ANALYZE and changes of the table, not against anybody's writing; where that takes
--           too long, the next run tries again
--   who     erase_person, forget_numbers, retention_run
DECLARE
  of_table text;
  nobody CONSTANT text := gen_random_uuid();
BEGIN
  FOR of_table IN SELECT f.of_table FROM masking.forgotten_statistics() f LOOP
    BEGIN
      CASE of_table
        WHEN 'routes' THEN
          INSERT INTO masking.routes (order_id, side, caller, callee, live, held, closed)
          VALUES (nobody, 'customer', 1, 2, '[2000-01-01,2000-01-02)', '[2000-01-01,2000-01-02)', true);
        WHEN 'code_failures' THEN INSERT INTO masking.code_failures (call_uuid, attempt, caller, proxy, failed_at) VALUES (nobody, 0, 1, 2, now());
        WHEN 'told_senders' THEN INSERT INTO masking.told_senders (number, event, told_at) VALUES (1, nobody, now());
        ELSE NULL;
      END CASE;
      EXECUTE format('ANALYZE masking.%I', of_table);
      DELETE FROM masking.routes r WHERE r.order_id = nobody;
      DELETE FROM masking.code_failures f WHERE f.call_uuid = nobody;
      DELETE FROM masking.told_senders t WHERE t.number = 1 AND t.event = nobody;
    EXCEPTION WHEN lock_not_available OR deadlock_detected OR query_canceled THEN
      RAISE WARNING 'statistics of masking.% still have numbers that were forgotten: ANALYZE it', of_table;
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION masking.forget_statistics() IS
  'Has the planner''s statistics of our tables made anew, where they have phone numbers that are forgotten.';
