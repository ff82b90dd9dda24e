"""The whole table: every figure that has a goal, beside the contenders' own, in one run."""

import argparse

from . import counting, memory, start, threads, throughput
from .places import Unusable


class Table:
    """Rows as Markdown, printed as they are known."""

    def __init__(self, names):
        self.names = names
        print("| figure | goal | holds | " + " | ".join(names) + " |")
        print("|---|---|---|" + "---|" * len(names), flush=True)

    def row(self, figure, goal, holds, values, form="{:.2f}"):
        def text(value):
            return "–" if value is None else value if isinstance(value, str) else form.format(value)

        verdict = "–" if holds is None else "yes" if holds else "**no**"
        cells = " | ".join(text(values.get(name)) for name in self.names)
        print(f"| {figure} | {goal} | {verdict} | {cells} |", flush=True)


def at_most(value, goal):
    return None if value is None else value <= goal


def collect(names, measure):
    found = {}
    for name in names:
        try:
            found[name] = measure(name)
        except Unusable as reason:
            print(f"without {name}: {reason}")
    return found


def print_all(names, options):
    rows = Table(names)
    for tls in (False, True):
        what = "TLS 1.3 upstream" if tls else "plain upstream"
        load = argparse.Namespace(**{**vars(options), "path": "/api/v2/courses?since=2026", "body": 0})
        found, note = throughput.without_noise(throughput.compare(names, tls, True, load))

        def against(base):
            return {name: throughput.ratio(found, name, base) for name in found}

        def median(key):
            return {name: sorted(row[key] for row in own)[len(own) // 2]
                    for name, own in found.items()}

        own = against("nginx-full")
        rows.row(f"CPU of nginx-full, {what}", "≤ 0.75", at_most(own.get("gateway"), 0.75), own)
        own = against("envoy")
        rows.row(f"CPU of envoy, {what}", "≤ 0.40", at_most(own.get("gateway"), 0.40), own)
        rows.row(f"CPU µs a request, {what} ({note.strip()})", "", None, median("microseconds"))
        rows.row(f"wrong answers, {what}", "0", not any(row["bad"] for row in sum(found.values(), [])),
                 {name: sum(row["bad"] for row in own) for name, own in found.items()}, "{:d}")
    for tls in (False, True):
        what = "TLS 1.3 upstream" if tls else "plain upstream"
        calls = collect(names, lambda name: counting.system_calls(name, tls, True, options)["total"])
        rows.row(f"system calls a request, {what}", "≤ 4.2", at_most(calls.get("gateway"), 4.2), calls)
    resident = collect(names, lambda name: memory.examine(name, False, True))

    def mib(read):
        return {name: None if read(row) is None else read(row) / 1024
                for name, row in resident.items()}

    idle = mib(lambda row: row["idle_kib"])
    rows.row("MiB at rest", "≤ 15", at_most(idle.get("gateway"), 15), idle, "{:.1f}")
    for count, goal in ((1_000, None), (9_900, 20)):
        own = mib(lambda row, count=count: (row["callers"] or {}).get(count))
        rows.row(f"MiB with {count:,} idle callers", f"≤ {goal}" if goal else "",
                 at_most(own.get("gateway"), goal) if goal else None, own, "{:.1f}")
    for way in ("upload", "download"):
        moved = {name: row[way] for name, row in resident.items() if row[way]}
        grown = {name: (row["max_kib"] - row["min_kib"]) / 1024 for name, row in moved.items()}
        rows.row(f"MiB grown by 1 GiB of {way}", "≤ 1", at_most(grown.get("gateway"), 1), grown,
                 "{:.1f}")
        spent = {name: row["cpu_seconds"] for name, row in moved.items()}
        rows.row(f"CPU s for 1 GiB of {way}", "≤ nginx",
                 at_most(spent.get("gateway"), spent["nginx"]) if "nginx" in spent else None, spent)
    started = start.compare(names, False, True, max(5, options.rounds))
    middle = {name: sorted(own)[len(own) // 2] for name, own in started.items()}
    rows.row("ms from start to first answer", "≤ 20", at_most(middle.get("gateway"), 20), middle,
             "{:.1f}")
    counted = collect([name for name in names if name != "envoy"], lambda name: counting.instructions(
        name, False, True, options.seconds + 2)["instructions"])
    rows.row("instructions a request", "", None, counted, "{:,}")
    print("\nOne event loop and two:")
    print(threads.table(threads.compare("gateway", False, True, options)), flush=True)
