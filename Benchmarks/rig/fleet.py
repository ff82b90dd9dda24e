"""Five gateways that share a limit and are called at 100:10:1:0:0, with a store that is stopped, killed, and late.

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
# Seconds by which calls can lose their initial spacing on their way.
JITTER = 0.1


def run(options):
    """Prints the figures. Returns whether all bounds hold."""
    if shutil.which("redis-server") is None:
        raise Unusable("redis-server is not installed")
    os.environ["GATEWAY"] = str(GATEWAY)
    from fleet import Fleet, ObservedStore, largest_burst

    with Fleet(len(DEMAND), LIMIT, kind=ObservedStore) as fleet:
        callers = fleet.call(DEMAND)
        wait_until(time.monotonic() + 5)
        since, asked = time.monotonic(), dict(fleet.store.questions)
        commands = [commands_of(member) for member in fleet.members]
        wait_until(since + options.seconds)
        until, after = time.monotonic(), [commands_of(member) for member in fleet.members]
        most_asked = max(fleet.store.questions[link] - asked[link] for link in asked) / (until - since)
        times = [when for when in fleet.upstream.times if since <= when < until]
        used = len(times) / (RATE * (until - since))
        burst = largest_burst(fleet.upstream.times, RATE)
        most = max(b - a for a, b in zip(commands, after)) / (until - since)
        small = callers[2].slowest(since)
        # The gateway with ten calls per second uses less than an equal part of the limit.
        before = callers[1].slowest(since)
        during = {name: without_store(fleet, callers[1], *harm) for name, harm in {
            "is stopped": (lambda store: store.signal(signal.SIGSTOP), lambda store: store.signal(signal.SIGCONT)),
            "is killed": (lambda store: store.kill(), lambda store: store.start()),
            "answers after 5 s": (lambda store: set_delay(store, 5), lambda store: set_delay(store, 0)),
        }.items()}
        burst_at_last = largest_burst(fleet.upstream.times, RATE)
    figures = [
        ("of the budget used", f"{used:.1%}", "at least 95 %", used >= 0.95),
        ("calls beyond the rate, at most", f"{burst:.1f}", f"burst {BURST}, and {JITTER * RATE:.0f} for their way",
         burst <= BURST + JITTER * RATE),
        ("the same, with the losses below", f"{burst_at_last:.1f}", "the same", burst_at_last <= BURST + JITTER * RATE),
        ("questions a second of one gateway", f"{most_asked:.2f}", "at most 4 for each limit", most_asked <= 4),
        # Pauses and modes are each read once a second. One in five also checks whether the other connection is alive.
        ("commands a second of one gateway, all", f"{most:.1f}", "at most 2 more", most <= 6.3),
        ("p99 of the caller with 1 call a second", f"{small * 1000:.1f} ms", "", True),
        ("p99 of the one with 10, with the store", f"{before * 1000:.1f} ms", "", True),
        *((f"while the store {name}", f"{slowest * 1000:.1f} ms", "not 50 ms more", slowest < before + 0.05)
          for name, slowest in during.items()),
    ]
    for name, value, bound, holds in figures:
        print(f"{name:42} {value:>10}  {'' if holds else 'MISSED: '}{bound}")
    return all(holds for *_, holds in figures)


def without_store(fleet, callers, harm, cure):
    """The p99 while the store is unusable. Afterwards it is usable again."""
    since = time.monotonic()
    harm(fleet.store)
    wait_until(since + 6)
    slowest = callers.slowest(since)
    cure(fleet.store)
    until = time.monotonic() + 20
    while not all(member.is_leased() for member in fleet.members) and time.monotonic() < until:
        time.sleep(0.05)
    wait_until(time.monotonic() + 3)
    return slowest


def set_delay(store, seconds):
    store.delay = seconds


def commands_of(member):
    return member.metric("scorm_gateway_shared_store_commands_total")


def wait_until(when):
    time.sleep(max(0, when - time.monotonic()))
