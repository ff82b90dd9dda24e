"""One event loop against two: requests per second, and the cost of a request when loops share data.

With four cores or more the proxy has two of them and the loads the others. With fewer, each loop is limited to a share
of a core (shares.py), so that the proxy is saturated there too.
"""

import os
import statistics

from . import places, throughput
from .contenders import Shape
from .counting import Load
from .places import Unusable
from .processes import Origin, Proxy, cpu_seconds, machine_seconds
from .shares import IN_STEP, SHARE, Shares

ONE, TWO, CONTROL = "1 loop", "2 loops", "2 loops, one share"
LOOPS = {ONE: 1, TWO: 2, CONTROL: 2}

# Callers of each loop while loops are held: enough that a loop, when it may run, has work for its whole share without
# waiting for the loads. One loop has as many as each of two, because a request costs more with more callers.
QUEUED = 128

# A measurement with shares is void unless it meets these.
NEAR = 0.1  # how far the loops' time may differ from their share
LEFT = 0.2  # cores that neither proxy nor loads used: the loads had spare time
CONTROLLED = 1.2  # what two loops that share one quota may reach, at most


def places_for_two():
    """The cores of the proxy and of the two loads, and whether they are separate."""
    count = os.cpu_count()
    return ((0, 1), (2,), (3,), True) if count >= 4 else ((0, 1), (0,), (1,), False)


class Lane:
    """A proxy to compare: its number of loops, and how these are limited."""

    def __init__(self, name, contender, origin, tls, log, cores, shared):
        self.name = name
        self.shares = None
        self.proxy = Proxy(contender, origin, tls, log, cores=cores,
                           shape=Shape(threads=LOOPS[name]),
                           label=f"{contender} {name.replace(',', '')}")
        try:
            if shared:
                self.shares = Shares(self.proxy.process.pid, name.replace(",", ""),
                                     together=name == CONTROL)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.proxy.stop()
        if self.shares:
            self.shares.remove()

    def reading(self, origins):
        """The counters, to be read before and after a load."""
        busy, stolen = machine_seconds()
        reading = {"own": cpu_seconds(self.proxy.pids()), "busy": busy, "stolen": stolen,
                   "load": cpu_seconds([origin.process.pid for origin in origins])}
        if self.shares:
            periods, exhausted, waited = self.shares.counted()
            reading.update(loops=self.shares.loop_seconds(), periods=periods, exhausted=exhausted,
                           waited=waited)
        return reading


def yields(origin):
    """Keeps the load from preempting a loop when data arrives for it, so that loops use their shares in one go."""
    os.sched_setscheduler(origin.process.pid, os.SCHED_BATCH, os.sched_param(0))


def measure(lane, origins, seconds, connections):
    """One load of one lane. All figures are per second, except `microseconds` (per request) and `exhausted`."""
    if lane.shares:
        connections = QUEUED * LOOPS[lane.name]
    load = Load(connections=connections // len(origins))
    before = lane.reading(origins)
    for origin in origins:
        load.begin(origin, lane.proxy, seconds)
    results = [origin.end_load() for origin in origins]
    after = lane.reading(origins)
    used = {name: after[name] - before[name] for name in after}
    requests = sum(result[0] for result in results)
    elapsed = max(result[1] for result in results)
    if not requests:
        raise Unusable(f"{lane.proxy.name} answered nothing")
    row = {"microseconds": used["own"] / requests * 1e6, "requests_per_second": requests / elapsed,
           "cores": used["own"] / elapsed, "load_cores": used["load"] / elapsed,
           "left_cores": os.cpu_count() - (used["own"] + used["load"] + used["stolen"]) / elapsed,
           "bad": sum(result[2] for result in results),
           "foreign": max(0.0, used["busy"] - used["own"] - used["load"]) / elapsed,
           "stolen": used["stolen"] / elapsed}
    if lane.shares:
        row.update(loop_cores=used["loops"] / elapsed, share=lane.shares.cores,
                   apart_us=lane.shares.apart,
                   exhausted=used["exhausted"] / max(1, used["periods"]),
                   waited=used["waited"] / elapsed)
    return row


def start_lanes(names, contender, origin, tls, log, cores, shared):
    lanes = []
    try:
        for name in names:
            lanes.append(Lane(name, contender, origin, tls, log, cores, shared))
    except BaseException:
        stop_all(lanes)
        raise
    return lanes


def stop_all(lanes):
    for lane in lanes:
        lane.stop()


def lanes_for(contender, first, second, tls, log):
    """The lanes that this machine allows, and why loops are not limited to shares where they should be."""
    cores, _, _, apart = places_for_two()
    missing = None
    if not apart:
        try:
            lanes = start_lanes((ONE, TWO, CONTROL), contender, first, tls, log, cores, True)
            yields(first)
            yields(second)
            return lanes, None
        except Unusable as reason:
            missing = str(reason)
    return start_lanes((ONE, TWO), contender, first, tls, log, cores, False), missing


def compare(name, tls, log, options):
    """Rounds in which each lane is loaded once. Returns the rows by lane, and why there are no shares where there
    should be, or None."""
    _, first_core, second_core, _ = places_for_two()
    with Origin(*first_core) as first, Origin(*second_core) as second:
        origins = (first, second)
        lanes, missing = lanes_for(name, first, second, tls, log)
        try:
            for lane in lanes:
                measure(lane, origins, 1, options.connections)

            def measured(turn, lane):
                row = measure(lane, origins, options.seconds, options.connections)
                places.record("threads", {"contender": name, "lane": lane.name, "tls": tls,
                                          "log": log, "round": turn, **row})
                return row

            rows = throughput.in_rounds({lane.name: lane for lane in lanes}, options.rounds, measured)
        finally:
            stop_all(lanes)
        if len(rows) < len(lanes):
            raise Unusable("a lane answered nothing")
        return rows, missing


def middle(rows, key):
    return statistics.median([row[key] for row in rows])


def ratio(rows, lane, key="requests_per_second"):
    """The median over the rounds of a lane's figure relative to one loop."""
    return statistics.median([a[key] / b[key] for a, b in zip(rows[lane], rows[ONE])])


def void(rows, missing):
    """Why the ratio of requests is meaningless; None if it is valid."""
    if missing:
        return f"proxy and loads share the cores, and {missing}"
    if any(row["bad"] for own in rows.values() for row in own):
        return "there were wrong answers"
    if CONTROL not in rows:
        return None
    for lane, own in rows.items():
        if middle(own, "left_cores") < LEFT:
            return f"{lane}: the loads had no processor time to spare, so they may be what bounds"
        if middle(own, "apart_us") > 2 * IN_STEP:
            return f"{lane}: shares are handed out {middle(own, 'apart_us')} µs apart, so loops run in turn"
        off = middle(own, "loop_cores") / middle(own, "share") - 1
        if abs(off) > NEAR:
            return f"{lane}: the loops used {off:+.0%} of their share, so it is not what bounds"
    if ratio(rows, CONTROL) > CONTROLLED:
        return f"two loops with one share serve {ratio(rows, CONTROL):.2f} times the requests of one"
    return None


def table(rows, missing):
    rows, note = throughput.without_noise(rows)
    lines = [f"  {'':18} {'req/s':>7} {'ratio':>5} {'CPU µs':>7} {'ratio':>5} {'own cores':>9}"
             f" {'of loops':>8} {'share':>5} {'ran out':>7} {'waited':>6} {'loads':>5} {'left':>5}"
             f" {'foreign':>7} {'stolen':>6} {'bad':>4}"]
    for lane, own in rows.items():
        held = "share" in own[0]
        lines.append(
            f"  {lane:18} {middle(own, 'requests_per_second'):7.0f} {ratio(rows, lane):5.2f}"
            f" {middle(own, 'microseconds'):7.2f} {ratio(rows, lane, 'microseconds'):5.2f}"
            f" {middle(own, 'cores'):9.3f}"
            + (f" {middle(own, 'loop_cores'):8.3f} {middle(own, 'share'):5.2f}"
               f" {middle(own, 'exhausted'):7.0%} {middle(own, 'waited'):6.2f}" if held
               else f" {'–':>8} {'–':>5} {'–':>7} {'–':>6}")
            + f" {middle(own, 'load_cores'):5.2f} {middle(own, 'left_cores'):5.2f}"
            f" {middle(own, 'foreign'):7.2f} {middle(own, 'stolen'):6.2f}"
            f" {sum(row['bad'] for row in own):4}")
    lines.append(note)
    if CONTROL in rows:
        lines.append(f"  Each loop has {SHARE:.0%} of a core of its own, so that the loads have the rest;"
                     f" `{CONTROL}` is the counter-check and must stay near 1.")
    reason = void(rows, missing)
    if reason:
        lines.append(f"  The ratio of req/s says nothing: {reason}. The one of CPU µs shows whether"
                     " loops get in each other's way.")
    return "\n".join(lines)
