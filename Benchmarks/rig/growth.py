"""The cost of a request as the number of connections, callers or apps grows. The cost should not grow."""

import dataclasses

from . import counting, places, throughput
from .contenders import PREFIX, Shape
from .counting import Load
from .places import Unusable
from .processes import Origin, Proxy
from .progress import progress


@dataclasses.dataclass(frozen=True)
class Step:
    what: str
    load: Load
    shape: Shape


CONNECTIONS = (8, 64, 512, 1_000, 9_900)


def connections(count):
    return Step(f"{count:,} connections", Load(connections=count),
                Shape(upstream_connections=max(512, count + 100)))


def steps():
    courses = f"{PREFIX}/courses?since=2026"
    yield from map(connections, CONNECTIONS)
    for count in (1, 10, 255):  # with the rig's own caller, the configurable maximum
        # At least as many connections as callers, so that each caller gets a turn.
        yield Step(f"{count:,} callers with limits of their own",
                   Load(connections=max(64, count), sources=count),
                   Shape(callers=count, upstream_connections=max(512, count + 100)))
    for count in (1, 50):
        yield Step(f"{count} apps, the last one asked for",
                   Load(path=f"/apps/app{count}{courses}"), Shape(apps=count))


def count(name, tls, log, seconds):
    for step in steps():
        # Callgrind runs about fifty times slower, so many connections need longer for a few turns each.
        length = seconds * (4 if step.load.connections > 1_000 else 1)
        try:
            row = counting.instructions(name, tls, log, length, step.load, step.shape,
                                        label=f"{name} {step.what.replace(',', '')}")
        except Unusable as reason:
            print(f"  {step.what:40} not measured: {reason}", flush=True)
            continue
        note = f"  {row['bad']} BAD" if row["bad"] else ""
        print(f"  {step.what:40} {row['instructions']:8,} instructions{note}", flush=True)


def time(name, tls, log, options):
    """CPU per request by step, in rounds that alternate between the steps, as in throughput.py."""
    pairs = [(name, step) for step in steps()]
    return {what: rows for (_, what), rows in side_by_side(pairs, tls, log, options).items()}


def side_by_side(pairs, tls, log, options):
    """CPU per request for pairs of a contender and a step, in rounds; rows by contender and step's name."""
    with Origin() as origin:
        entries = {}
        try:
            for name, step in pairs:
                try:
                    proxy = Proxy(name, origin, tls, log, shape=step.shape,
                                  label=f"{name} {step.what.replace(',', '')}")
                    entries[name, step.what] = (name, step, proxy)
                except Unusable as reason:
                    progress.leave_out(f"{name} with {step.what}", reason)

            def measured(turn, entry):
                name, step, proxy = entry
                row = throughput.measure(proxy, origin, options.seconds, step.load)
                places.record("growth", {"contender": name, "step": step.what, "tls": tls,
                                         "log": log, "round": turn, **row})
                return row

            return throughput.in_rounds(entries, options.rounds, measured)
        finally:
            for _, _, proxy in entries.values():
                proxy.stop()
