"""How long the slowest calls take at a fixed rate, from the moment at which each was due."""

import statistics

from . import places, throughput
from .places import Unusable
from .processes import Origin, Proxy
from .progress import progress
from .verdicts import Verdicts

RATES = (8_000, 20_000)
CONNECTIONS = 64
NAMES = ("gateway", "nginx-full", "haproxy")
PEER = "haproxy"


def compare(names, rate, rounds, seconds):
    with Origin() as origin:
        proxies = []
        try:
            for name in names:
                try:
                    proxies.append(Proxy(name, origin, False, True))
                except Unusable as reason:
                    progress.leave_out(name, reason)
            for proxy in proxies:
                origin.load(proxy.port, CONNECTIONS, 1)

            def measured(turn, port):
                count, (p50, p99, p999, longest), bad = origin.paced(port, CONNECTIONS, seconds, rate)
                row = {"p50": p50, "p99": p99, "p999": p999, "longest": longest, "bad": bad, "count": count}
                places.record("tail", {"port": port, "rate": rate, "round": turn, **row})
                return row

            ports = {"no proxy": origin.plain_port, **{proxy.name: proxy.port for proxy in proxies}}
            return throughput.in_rounds(ports, rounds, measured)
        finally:
            for proxy in proxies:
                proxy.stop()


def measure(rounds, seconds):
    """Prints all figures. Returns whether the bounds hold."""
    verdicts = Verdicts()
    for rate in RATES:
        print(f"{rate:,} calls a second over {CONNECTIONS} connections, log on: µs, medians of {rounds} rounds")
        rows = compare(NAMES, rate, rounds, seconds)
        print(f"  {'':12} {'p50':>7} {'p99':>7} {'min–max':>13} {'p99.9':>7} {'calls':>9} {'bad':>4}")

        def middle(own, key):
            return statistics.median(row[key] for row in own)

        for name, own in rows.items():
            least, most = min(row["p99"] for row in own), max(row["p99"] for row in own)
            print(f"  {name:12} {middle(own, 'p50'):7,.0f} {middle(own, 'p99'):7,.0f} {f'{least:,}–{most:,}':>13}"
                  f" {middle(own, 'p999'):7,.0f} {sum(row['count'] for row in own):9,}"
                  f" {sum(row['bad'] for row in own):4}", flush=True)
        if rows.get("gateway") and rows.get(PEER):
            verdicts.at_most(f"p99, {PEER}'s {middle(rows[PEER], 'p99'):,.0f} being the bound",
                             middle(rows["gateway"], "p99"), middle(rows[PEER], "p99"), "{:,.0f}")
        else:
            verdicts.at_most("p99", None, 0)
    return verdicts.holds
