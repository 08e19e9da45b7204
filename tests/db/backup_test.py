"""A backup brings everything back: who reaches whom, on which number, and what was forgotten."""

import os
import re
import subprocess

import pytest

from database import LOST, ask, connect, fill_pool, fresh, one

CONTENT = """
    SELECT 'order', order_id, customer_number, agent_number, proxy_number, unmasked_since FROM masking.orders
    UNION ALL SELECT 'route', order_id, caller::text, callee::text, proxy::text, upper(live) FROM masking.routes
    UNION ALL SELECT 'call', call_uuid, outcome, proxy::text, route_id::text, answered_at FROM masking.calls
    UNION ALL SELECT 'setting', name, concat(span, is_on, amount, word), NULL, NULL, NULL FROM masking.settings
    ORDER BY 1, 2, 3, 4"""
ANSWER = ("SELECT outcome, counterpart FROM tests.answer_calls(%s, '{14156660001,14156660003}',"
          " '{14155550100,14155550100}') ORDER BY place")


def tool(*command):
    """One of PostgreSQL's programs, as its superuser."""
    done = subprocess.run(command, env={**os.environ, "PGUSER": "postgres"}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def original():
    """One pair live, one erased, one that waits for a number."""
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, 1)
        ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES"
            " ('live', '14156660001', '14156660002'), ('gone', '14156660003', '14156660004'),"
            " ('waits', '14156660001', '14156660005')")
        ask(owner, ANSWER, ["call-1", "call-2"])
        ask(owner, "UPDATE masking.orders SET completed_at = now() - '2 hours'::interval WHERE order_id = 'gone'")
        ask(owner, "SELECT * FROM masking.erase_person('14156660003')")
        owner.close()
        yield name


def test_a_dump_restored(original, tmp_path):
    """As docs/operations.md shows it."""
    dump, restored = str(tmp_path / "dump"), f"{original}_restored"
    owner = connect(original)
    programs = int(re.search(r"\d+", subprocess.check_output(["pg_dump", "--version"], text=True))[0])
    if int(one(owner, "SHOW server_version_num")) // 10000 != programs:
        pytest.skip("pg_dump dumps no newer server, and pg_restore sets what an older one does not know")
    owner.close()
    tool("pg_dump", "--format=custom", f"--file={dump}", original)
    tool("createdb", "--template=template0", "--encoding=UTF8", "--locale-provider=icu", "--icu-locale=tr-TR", restored)
    tool("pg_restore", "--exit-on-error", f"--dbname={restored}", dump)
    before, after = connect(original), connect(restored)
    assert ask(after, CONTENT) == ask(before, CONTENT)
    assert ask(after, ANSWER, ["call-3", "call-4"]) == [("connected", 14156660002), ("unknown_caller", None)]
    assert ask(after, LOST) == []
    # Nobody edited it: neither another collation nor other settings make its text another.
    ask(after, "SET DateStyle = 'German'; SET IntervalStyle = iso_8601; SET TimeZone = 'Asia/Kolkata'; SET quote_all_identifiers = on")
    assert one(after, "SELECT edited FROM masking.schema_interface()") is None
    ask(after, "SELECT tests.tell('call-1', %s)", '{"callee_answered": true, "caller_ended": true, "caller_source": "API Request"}')
    assert ask(after, "SELECT hung_up_by FROM masking.call_log WHERE call_uuid = 'call-1'") == [("api request",)]
    # The identities, the triggers, the constraint and the rights go on where they were.
    orders = connect(restored, "masking_orders")
    ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('new', '14156660001', '14156660002')")
    assert one(after, "SELECT count(*) FROM masking.routes WHERE order_id = 'new'") == 2
    ask(orders, "UPDATE orders SET cancelled_at = now() WHERE order_id IN ('live', 'new')")
    assert ask(after, "SELECT order_id FROM masking.assign_pending()") == [("waits",)]
    before.close()
    after.close()
    tool("dropdb", "--force", restored)
