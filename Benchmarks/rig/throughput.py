"""CPU time per request, all contenders side by side."""

import statistics

from . import places
from .counting import Load
from .processes import Origin, Proxy, cpu_seconds, machine_seconds
from .places import Unusable
from .progress import progress

BASE = "nginx"
NOISE = 0.15  # processor seconds per second used or taken by others; a round with more is not quiet
ENOUGH = 3  # quiet rounds that a median needs at least


def measure(proxy, origin, seconds, load):
    proxy_pids, origin_pid = proxy.pids(), [origin.process.pid]
    proxy_before, origin_before = cpu_seconds(proxy_pids), cpu_seconds(origin_pid)
    busy_before, stolen_before = machine_seconds()
    requests, elapsed, bad = load.run(origin, proxy, seconds)
    proxy_used = cpu_seconds(proxy_pids) - proxy_before
    origin_used = cpu_seconds(origin_pid) - origin_before
    busy, stolen = machine_seconds()
    busy, stolen = busy - busy_before, stolen - stolen_before
    if requests == 0:
        raise Unusable(f"{proxy.name} answered nothing ({bad} bad)")
    return {
        "microseconds": proxy_used / requests * 1e6,
        "origin_microseconds": origin_used / requests * 1e6,
        "requests_per_second": requests / elapsed,
        "saturation": proxy_used / elapsed,
        "foreign": max(0.0, busy - proxy_used - origin_used) / elapsed,
        "stolen": stolen / elapsed,
        "bad": bad,
    }


def in_rounds(entries, rounds, measured):
    """Runs rounds in which every entry is measured once, in a rotating order. Returns rows by name. An entry that
    cannot be measured is left out of all rounds."""
    rows = {name: [] for name in entries}
    for turn in range(rounds):
        progress.say(f"round {turn + 1} of {rounds}")
        order = list(rows)
        first = turn % max(1, len(order))
        for name in order[first:] + order[:first]:
            try:
                rows[name].append(measured(turn, entries[name]))
            except Unusable as reason:
                progress.leave_out(name if isinstance(name, str) else " with ".join(name), reason)
                del rows[name]
    return rows


def compare(names, tls, log, options):
    """Runs rounds in which every contender is loaded once, in a rotating order."""
    load = Load(options.connections, options.path, options.body)
    with Origin() as origin:
        proxies = []
        try:
            for name in names:
                try:
                    proxies.append(Proxy(name, origin, tls, log))
                except Unusable as reason:
                    progress.leave_out(name, reason)
            for proxy in proxies:
                load.run(origin, proxy, 1)

            def measured(turn, proxy):
                row = measure(proxy, origin, options.seconds, load)
                places.record("run", {
                    "contender": proxy.name, "tls": tls, "log": log, "round": turn,
                    "connections": options.connections, **row})
                return row

            return in_rounds({proxy.name: proxy for proxy in proxies}, options.rounds, measured)
        finally:
            for proxy in proxies:
                proxy.stop()


def quiet_rounds(rows):
    """The rounds in which nothing else used the processors while a contender was loaded."""
    count = min((len(own) for own in rows.values()), default=0)
    return [turn for turn in range(count) if all(
        own[turn]["foreign"] + own[turn]["stolen"] < NOISE for own in rows.values())]


def without_noise(rows):
    """The rows of quiet rounds if there are enough of them, and a note about that."""
    quiet = quiet_rounds(rows)
    total = max((len(own) for own in rows.values()), default=0)
    if len(quiet) < ENOUGH:
        return rows, f"  NOISY: only {len(quiet)} of {total} rounds were quiet, all are shown"
    return ({name: [own[turn] for turn in quiet] for name, own in rows.items()},
            f"  {len(quiet)} of {total} rounds, those without noise")


def ratio(rows, name, base):
    """The median over the rounds of the cost of `name` relative to `base`; None if one is missing."""
    if not rows.get(name) or not rows.get(base):
        return None
    return statistics.median(row["microseconds"] / other["microseconds"]
                             for row, other in zip(rows[name], rows[base]))


def table(rows):
    """Medians over the rounds. Ratios are computed within a round, where both sides have the same noise."""
    rows, note = without_noise(rows)
    base = rows.get(BASE) or next(iter(rows.values()), [])
    lines = [f"  {'contender':12} {'CPU µs':>7} {'min–max':>13} {'ratio':>6} {'min–max':>11}"
             f" {'req/s':>7} {'own core':>8} {'origin µs':>9} {'foreign':>7} {'stolen':>6} {'bad':>4}"]

    def middle(values):
        return statistics.median(values)

    def cost(item):
        return middle([row["microseconds"] for row in item[1]])

    for name, own in sorted(rows.items(), key=cost):
        costs = [row["microseconds"] for row in own]
        ratios = [row["microseconds"] / other["microseconds"] for row, other in zip(own, base)]
        lines.append(
            f"  {name:12} {middle(costs):7.2f} {min(costs):6.2f}–{max(costs):<6.2f}"
            f" {middle(ratios):6.2f} {min(ratios):5.2f}–{max(ratios):<5.2f}"
            f" {middle([row['requests_per_second'] for row in own]):7.0f}"
            f" {middle([row['saturation'] for row in own]):8.0%}"
            f" {middle([row['origin_microseconds'] for row in own]):9.2f}"
            f" {middle([row['foreign'] for row in own]):7.2f}"
            f" {middle([row['stolen'] for row in own]):6.2f}"
            f" {sum(row['bad'] for row in own):4d}")
    return "\n".join([*lines, note])
