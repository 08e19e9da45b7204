-- Verify number-masking:orders on pg

BEGIN;
SET LOCAL ROLE masking_owner;

SELECT order_id, customer_number, agent_number, customer, agent, proxy_number, masking, placed_at, completed_at, cancelled_at, spoken, revision,
  customer_code, agent_code, unmasked_since, unmasked_reason,
  customer_refused, customer_refused_digits, agent_refused, agent_refused_digits, routed_at, forgotten_at, recorded_at
FROM masking.orders WHERE false;
SELECT order_id, side, number, phone, routed_since FROM masking.order_phones WHERE false;
SELECT order_id, side, reason, blocked_at FROM masking.order_blocks WHERE false;
SELECT person, digits, direction, reason, blocked_at FROM masking.blocked_people WHERE false;
SELECT version FROM masking.rule_version WHERE false;
SELECT logged_at, who, did, order_id, side, person, digits, reason, log_id FROM masking.block_log WHERE false;
SELECT prefix, allowed FROM masking.dial_prefixes WHERE false;
SELECT 1 / has_table_privilege('masking_orders', 'masking.orders', 'UPDATE')::int;

ROLLBACK;
