"""The pool's arithmetic: where nobody holds more than Dc (customers) and Da
(agents) counterparts at once, Dc + Da - 1 numbers never leave an order unmasked,
and one fewer does. ORDERS=100000 for a run of hours. And one number that is lost costs its share of the orders, not
all: COURIERS=2000 NUMBERS=30 is a fleet."""

import os

import pytest

from database import AMBIGUOUS, LONG, ask, connect, fill_pool, fresh, one

# With one number too few, about every fortieth order is left unmasked.
ORDERS = int(os.environ.get("ORDERS", "1500" if LONG else "250"))
COURIERS, NUMBERS = int(os.environ.get("COURIERS", "150")), int(os.environ.get("NUMBERS", "10"))

# Random orders between few people, each completed at random, never more than
# the caps at once; without cool-off and grace, so that open is held. Until one is left unmasked.
TRAFFIC = """
CREATE PROCEDURE tests.traffic(orders integer, dc integer, da integer) LANGUAGE plpgsql AS $$
DECLARE
  customer text;
  agent text;
  placed integer := 0;
BEGIN
  CREATE TABLE tests.open AS SELECT order_id, customer_number, agent_number FROM masking.orders;
  WHILE placed < orders AND NOT (SELECT is_called FROM masking.unmasked_total) LOOP
    customer := 14156660000 + (random() * 14)::integer;
    agent := 14156670000 + (random() * 9)::integer;
    IF (SELECT count(DISTINCT o.agent_number) < dc FROM tests.open o
        WHERE o.customer_number = customer AND o.agent_number <> agent)
      AND (SELECT count(DISTINCT o.customer_number) < da FROM tests.open o
        WHERE o.agent_number = agent AND o.customer_number <> customer)
    THEN
      placed := placed + 1;
      INSERT INTO tests.open VALUES (placed::text, customer, agent);
      INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES (placed::text, customer, agent);
    ELSE
      WITH over AS (
        DELETE FROM tests.open WHERE order_id = (SELECT order_id FROM tests.open ORDER BY random() LIMIT 1)
        RETURNING order_id)
      UPDATE masking.orders o SET completed_at = now() FROM over WHERE o.order_id = over.order_id;
    END IF;
    COMMIT;
  END LOOP;
END
$$"""


@pytest.mark.parametrize("dc, da", [(2, 3), (3, 3), (1, 4)])
@pytest.mark.parametrize("fewer", [0, 1])
def test_pool_bound(dc, da, fewer):
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, dc + da - 1 - fewer)
        ask(owner, "UPDATE masking.settings SET span = '0' WHERE name IN ('cool_off', 'customer_grace', 'agent_grace')")
        ask(owner, TRAFFIC)
        ask(owner, "SET statement_timeout = 0")
        ask(owner, "CALL tests.traffic(%s, %s, %s)", ORDERS if fewer == 0 else max(ORDERS, 1500), dc, da)
        unmasked = one(owner, "SELECT last_value FROM masking.unmasked_total WHERE is_called UNION ALL SELECT 0 LIMIT 1")
        assert ask(owner, AMBIGUOUS) == []
        assert (unmasked > 0) == (fewer == 1)
        owner.close()


# Couriers at the same stage of their day: each has two orders, after others, of customers who are new to them.
DAY = """
CREATE PROCEDURE tests.day(couriers integer, rounds integer) LANGUAGE plpgsql AS $$
BEGIN
  FOR round IN 1..rounds LOOP
    FOR courier IN 1..couriers LOOP
      UPDATE masking.orders SET completed_at = now() - interval '1 hour' WHERE order_id = courier || '-' || round - 2;
      INSERT INTO masking.orders (order_id, customer_number, agent_number)
      VALUES (courier || '-' || round, (14170000000 + round * 10000 + courier)::text, (14160000000 + courier)::text);
    END LOOP;
    COMMIT;
  END LOOP;
END
$$"""


def test_each_number_has_its_share():
    """No chance in it: the same people get the same numbers each time."""
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, NUMBERS)
        ask(owner, DAY)
        ask(owner, "CALL tests.day(%s, 4)", COURIERS)
        orders = [row[0] for row in ask(owner, "SELECT count(DISTINCT order_id) FROM masking.live_routes() GROUP BY proxy ORDER BY 1")]
        print(f"{sum(orders)} live orders on {len(orders)} of {NUMBERS} numbers: {orders}")
        assert sum(orders) == 2 * COURIERS and len(orders) == NUMBERS
        assert max(orders) < 2 * sum(orders) / NUMBERS
        owner.close()
