"""Does it stay as fast when there is more of everything? Pairs, connections, calls."""
import time

import load
import processes
import subjects


def cpu_seconds(database, pid):
    """Of the processor so far, the database's included."""
    return processes.cpu_seconds(pid) + processes.cpu_seconds(database.postmaster())


def one(database, connections, seconds, requests, **settings):
    """calls/s, p99 in ms, memory in MB, CPU us per call with the database's."""
    database.forget_calls()
    with subjects.ours(database, connections, **settings) as (url, pid):
        load.wrk_result(load.start_wrk(url, min(connections, 32), 1, requests))
        before = cpu_seconds(database, pid)
        numbers = load.wrk_result(load.start_wrk(url, connections, seconds, requests, load.WARM_UP))
        spent = cpu_seconds(database, pid) - before
        return {"calls_per_second": round(numbers["requests"] / numbers["seconds"]),
                "p50_ms": numbers["p50"] / 1000, "p99_ms": numbers["p99"] / 1000,
                "errors": numbers["errors"], "memory_mb": round(processes.memory(pid) / 2**20, 1),
                "cpu_us_with_database": round(spent / numbers["requests"] * 1e6, 1)}


def by_pairs(options, database, requests):
    rows = []
    pairs = 10_000
    while pairs <= options.most_pairs:
        database.fill(pairs)
        rows.append({"what": "live pairs", "size": pairs,
                     **one(database, 32, options.seconds, requests(pairs))})
        show(rows[-1])
        pairs *= 10
    return rows


def by_connections(options, database, requests):
    rows = []
    for connections in (1, 4, 16, 64, 256, 1000):
        rows.append({"what": "connections", "size": connections,
                     **one(database, connections, options.seconds, requests)})
        show(rows[-1])
    return rows


def start_up(database):
    """Until the first connection is accepted, ten times."""
    took = []
    for _ in range(10):
        started = time.monotonic()
        with subjects.ours(database, 1):
            took.append(time.monotonic() - started)
    return sorted(took)[len(took) // 2]


def by_calls(options, database):
    """One server and its record as they grow, call after call, each new: a nonce of two minutes ago would
    be refused. The first row is of an almost empty record."""
    rows, per_second = [], load.MOST_PER_SECOND
    database.forget_calls()
    with subjects.ours(database, 32) as (url, pid):
        total, shown, errors, seconds = 0, 0, 0, options.seconds
        while total < options.most_calls:
            file = load.write_requests(subjects.PLACE / "requests-growth",
                                       load.answers(int(per_second * seconds), 100_000, True))
            before = cpu_seconds(database, pid)
            numbers = load.wrk_result(load.start_wrk(url, 32, seconds, file))
            spent = cpu_seconds(database, pid) - before
            total += numbers["requests"]
            errors += numbers["errors"]
            if shown == 0 or total - shown >= options.most_calls / 10:
                shown = total
                rows.append({"what": "calls on record", "size": total, "errors": errors,
                             "calls_per_second": round(numbers["requests"] / numbers["seconds"]),
                             "p99_ms": numbers["p99"] / 1000,
                             "cpu_us_with_database": round(spent / numbers["requests"] * 1e6, 1),
                             "memory_mb": round(processes.memory(pid) / 2**20, 2)})
                show(rows[-1])
            # More than it will take, but not ten times as many: making them takes its time too.
            per_second = 2 * numbers["requests"] / numbers["seconds"]
            seconds = 4 * options.seconds
    return rows


def show(row):
    print("  ".join(f"{name}={value}" for name, value in row.items()), flush=True)


def run(options, database, write_csv):
    def requests(pairs):
        return load.requests_file(options.seconds, pairs, True, "answer")
    rows = by_pairs(options, database, requests)
    database.fill(100_000)
    file = requests(100_000)
    rows += by_connections(options, database, file)
    rows += by_calls(options, database)
    rows.append({"what": "start-up, ms", "size": round(start_up(database) * 1000, 1)})
    show(rows[-1])
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_csv("growth.csv", [{name: row.get(name, "") for name in names} for row in rows])
