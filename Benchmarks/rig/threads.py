"""One event loop against two: throughput, and what a request costs when two loops share the limits."""

import os
import statistics

from . import places
from .contenders import Shape
from .counting import Load
from .processes import Origin, Proxy, cpu_seconds, machine_seconds

THREADS = (1, 2)


def places_for_two():
    """Cores of the proxy and of the two loads. With fewer than four they share: throughput then says
    nothing, and CPU per request is what to compare."""
    count = os.cpu_count()
    return ((0, 1), (2,), (3,)) if count >= 4 else ((0, 1), (0, 1), (0, 1))


def measure(proxy, origins, seconds, connections):
    pids = proxy.pids()
    proxy_before = cpu_seconds(pids)
    others = [origin.process.pid for origin in origins]
    origin_before = cpu_seconds(others)
    busy_before, stolen_before = machine_seconds()
    load = Load(connections=connections // len(origins))
    for origin in origins:
        load.begin(origin, proxy, seconds)
    results = [origin.end_load() for origin in origins]
    used = cpu_seconds(pids) - proxy_before
    origin_used = cpu_seconds(others) - origin_before
    busy, stolen = machine_seconds()
    requests = sum(result[0] for result in results)
    elapsed = max(result[1] for result in results)
    return {"microseconds": used / requests * 1e6, "requests_per_second": requests / elapsed,
            "cores": used / elapsed, "bad": sum(result[2] for result in results),
            "foreign": max(0.0, busy - busy_before - used - origin_used) / elapsed,
            "stolen": (stolen - stolen_before) / elapsed}


def compare(name, tls, log, options):
    proxy_cores, *load_cores = places_for_two()
    with Origin(*load_cores[0]) as first, Origin(*load_cores[1]) as second:
        proxies = []
        try:
            for threads in THREADS:
                proxies.append(Proxy(name, first, tls, log, cores=proxy_cores,
                                     shape=Shape(threads=threads), label=f"{name} {threads} threads"))
            rows = {threads: [] for threads in THREADS}
            for turn in range(options.rounds):
                pairs = list(zip(THREADS, proxies))
                for threads, proxy in pairs if turn % 2 == 0 else reversed(pairs):
                    row = measure(proxy, (first, second), options.seconds, options.connections)
                    rows[threads].append(row)
                    places.record("threads", {"contender": name, "threads": threads, "tls": tls,
                                              "log": log, "round": turn, **row})
            return rows
        finally:
            for proxy in proxies:
                proxy.stop()


def table(rows):
    lines = [f"  {'threads':>7} {'CPU µs':>7} {'ratio':>6} {'req/s':>8} {'ratio':>6} {'own cores':>9}"
             f" {'foreign':>7} {'stolen':>6} {'bad':>4}"]

    def middle(values):
        return statistics.median(list(values))

    for threads, own in rows.items():
        pairs = list(zip(own, rows[THREADS[0]]))
        lines.append(
            f"  {threads:7} {middle(row['microseconds'] for row in own):7.2f}"
            f" {middle(a['microseconds'] / b['microseconds'] for a, b in pairs):6.2f}"
            f" {middle(row['requests_per_second'] for row in own):8.0f}"
            f" {middle(a['requests_per_second'] / b['requests_per_second'] for a, b in pairs):6.2f}"
            f" {middle(row['cores'] for row in own):9.2f}"
            f" {middle(row['foreign'] for row in own):7.2f}"
            f" {middle(row['stolen'] for row in own):6.2f} {sum(row['bad'] for row in own):4}")
    if os.cpu_count() < 4:
        lines.append("  Fewer than four cores: proxy and loads share them, so req/s says little;"
                     " CPU per request shows whether the loops get in each other's way.")
    return "\n".join(lines)
