-- Revert number-masking:order_phones from pg

BEGIN;
SET LOCAL ROLE masking_owner;

DROP TRIGGER then_phones ON masking.orders;
DROP FUNCTION masking.orders_phones();
CREATE OR REPLACE FUNCTION masking.is_wanted(o masking.orders, the_side text, the_caller bigint, the_callee bigint)
RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
  own text := CASE the_side WHEN 'customer' THEN o.customer_number ELSE o.agent_number END;
  other text := CASE the_side WHEN 'customer' THEN o.agent_number ELSE o.customer_number END;
BEGIN
  RETURN coalesce(the_callee = other::bigint AND the_caller = own::bigint, false);
END
$$;
ALTER FUNCTION masking.is_wanted(masking.orders, text, bigint, bigint) RESET ALL;
DROP TABLE masking.order_phones;
DROP FUNCTION masking.order_phones_route();
DROP FUNCTION masking.open_phone(masking.orders, text, bigint, timestamptz);
DROP FUNCTION masking.phone_is_routed(masking.orders, text, bigint, timestamptz);

COMMIT;
