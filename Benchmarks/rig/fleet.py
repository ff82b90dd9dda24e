"""Five gateways with one budget, called at 100:10:1:0:0, and a store that is stopped in the middle.

The rig is that of the fault rows."""

import os
import pathlib
import shutil
import signal
import sys
import time

from .places import GATEWAY, Unusable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "faults"))

RATE, BURST = 100, 20
DEMAND = (100, 10, 1, 0, 0)
LIMIT = f"{{name: app, per: app, rate: {RATE}/1s, burst: {BURST}, maxWait: 5s}}"
# What calls that started apart may lose of that on their way, in seconds.
JITTER = 0.1


def run(options):
    """Prints the figures. Returns whether each keeps its bound."""
    if shutil.which("redis-server") is None:
        raise Unusable("redis-server is not installed")
    os.environ["GATEWAY"] = str(GATEWAY)
    from fleet import Fleet, largest_burst

    with Fleet(len(DEMAND), LIMIT) as fleet:
        callers = fleet.call(DEMAND)
        wait_until(time.monotonic() + 5)
        since, commands = time.monotonic(), [commands_of(member) for member in fleet.members]
        wait_until(since + options.seconds)
        until, after = time.monotonic(), [commands_of(member) for member in fleet.members]
        times = [when for when in fleet.upstream.times if since <= when < until]
        used = len(times) / (RATE * (until - since))
        burst = largest_burst(fleet.upstream.times, RATE)
        most = max(b - a for a, b in zip(commands, after)) / (until - since)
        small = callers[2].slowest(since)
        # The store stands still; the gateway with ten calls a second has less than an even part.
        before = callers[1].slowest(since)
        stopped = time.monotonic()
        fleet.store.signal(signal.SIGSTOP)
        wait_until(stopped + 6)
        during = callers[1].slowest(stopped)
        fleet.store.signal(signal.SIGCONT)
    figures = [
        ("of the budget used", f"{used:.1%}", "at least 95 %", used >= 0.95),
        ("calls beyond the rate, at most", f"{burst:.1f}", f"burst {BURST}, and {JITTER * RATE:.0f} for their way",
         burst <= BURST + JITTER * RATE),
        # One a second is for the pauses, one in five looks whether the other connection lives.
        ("commands a second of one gateway", f"{most:.1f}", "at most 4 for the limit, 1 for pauses", most <= 5.3),
        ("p99 of the caller with 1 call a second", f"{small * 1000:.1f} ms", "", True),
        ("p99 of the one with 10, before", f"{before * 1000:.1f} ms", "", True),
        ("and while the store stands still", f"{during * 1000:.1f} ms", "not 50 ms more", during < before + 0.05),
    ]
    for name, value, bound, holds in figures:
        print(f"{name:42} {value:>10}  {'' if holds else 'MISSED: '}{bound}")
    return all(holds for *_, holds in figures)


def commands_of(member):
    return member.metric("scorm_gateway_shared_store_commands_total")


def wait_until(when):
    time.sleep(max(0, when - time.monotonic()))
