-- All orders that a person can still call or be called by.
CREATE OR REPLACE FUNCTION masking.person_follows(person bigint) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN masking.blocks_follow_on(ARRAY(
    SELECT DISTINCT o.order_id FROM masking.orders_of(person, NULL) o
    WHERE EXISTS (SELECT FROM masking.routes r WHERE r.order_id = o.order_id AND masking.is_live(r.live, r.closed))
    ORDER BY 1));
END
$$;
COMMENT ON FUNCTION masking.person_follows(bigint) IS
  'Brings all routes of a person in step with what is blocked; returns how many changed.';

CREATE OR REPLACE FUNCTION masking.block_person(number text, reason text DEFAULT NULL, direction text DEFAULT 'both')
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- Stops a person everywhere, on orders that are there and on those to come, from commit on.
--   writes  blocked_people, block_log, routes
--   locks   the person, then the person's orders, each tried for lock_wait
--   who     the owner
#variable_conflict use_variable
DECLARE
  the_number CONSTANT bigint := masking.number_of(masking.e164(number, 'number'));
  the_person CONSTANT bigint := masking.person(the_number);
BEGIN
  IF the_number IS NULL THEN
    RAISE EXCEPTION 'number: is missing' USING ERRCODE = 'MK001', COLUMN = 'number';
  END IF;
  PERFORM masking.lock_person(the_person);
  INSERT INTO masking.blocked_people AS b (person, digits, direction, reason)
  VALUES (masking.hashed(the_person), right(the_number::text, 2), direction, left(reason, 200))
  ON CONFLICT (person) DO UPDATE SET direction = EXCLUDED.direction, reason = EXCLUDED.reason;
  INSERT INTO masking.block_log (did, side, person, digits, reason)
  VALUES ('blocked', direction, masking.hashed(the_person), right(the_number::text, 2), left(reason, 200));
  RETURN masking.person_follows(the_person);
END
$$;
COMMENT ON FUNCTION masking.block_person(text, text, text) IS
  'Stops a person on every order, now and later; direction: from (calls and writes nobody), to (is called and written to by nobody), both. Returns how many routes changed. The block outlives the person''s orders and erase_person(); it keeps a keyed hash.';

CREATE OR REPLACE FUNCTION masking.unblock_person(number text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  the_number CONSTANT bigint := masking.number_of(masking.e164(number, 'number'));
  the_person CONSTANT bigint := masking.person(the_number);
BEGIN
  PERFORM masking.lock_person(the_person);
  DELETE FROM masking.blocked_people b WHERE b.person = masking.hashed(the_person);
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  INSERT INTO masking.block_log (did, person, digits) VALUES ('unblocked', masking.hashed(the_person), right(the_number::text, 2));
  RETURN masking.person_follows(the_person);
END
$$;
COMMENT ON FUNCTION masking.unblock_person(text) IS
  'Lifts the block of a person; returns how many routes changed.';
