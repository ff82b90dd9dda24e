"""The whole table: every figure that has a goal, next to those of the contenders, in one run."""

import argparse
import dataclasses
import statistics
import subprocess

from . import counting, growth, memory, start, threads, throughput
from .contenders import PREFIX
from .places import Unusable
from .progress import progress

OWN = "gateway"
CONTENDERS = ("gateway", "nginx-full", "nginx", "haproxy", "envoy")
COURSES = f"{PREFIX}/courses?since=2026"
MODES = ((False, "plain upstream"), (True, "TLS 1.3 upstream"))
PEERS = ("nginx-full", "haproxy")  # growth is shown beside these
BESIDE = (8, 64, 512, 1_000)  # the numbers of connections at which it is shown


@dataclasses.dataclass(frozen=True)
class Goal:
    """A goal for a figure of the gateway: at most, or at least, a value."""

    most: float = None
    least: float = None
    form: str = "{:.2f}"

    def __str__(self):
        return f"≤ {self.most}" if self.least is None else f"≥ {self.least}"

    def holds(self, value):
        if value is None:
            return None
        return value <= self.most if self.least is None else value >= self.least


class Table:
    """Rows as Markdown, printed as soon as they are known. Counts the goals that hold."""

    def __init__(self, names):
        self.names = names
        self.verdicts = {}
        self.notes = []
        print("| figure | goal | holds | " + " | ".join(names) + " |")
        print("|---|---|---|" + "---|" * len(names), flush=True)

    def row(self, figure, goal, values, form="{:.2f}", judged=True):
        """With `judged` false, the figure is meaningless this time, and its goal counts as not measured."""
        def text(value):
            return "–" if value is None else form.format(value)

        holds = goal.holds(values.get(OWN)) if goal and judged else None
        if goal:
            self.verdicts[figure] = holds
        verdict = "" if not goal else "not measured" if holds is None else "yes" if holds else "**no**"
        cells = " | ".join(text(values.get(name)) for name in self.names)
        print(f"| {figure} | {goal or ''} | {verdict} | {cells} |", flush=True)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def missing(self, goals):
        for figure, goal in goals.items():
            if figure not in self.verdicts:
                self.row(figure, goal, {})

    def end(self):
        """Prints how many goals hold. Returns whether no goal failed."""
        print()
        for text in progress.left_out:
            self.note(text)
        for text in self.notes:
            print(f"- {text}")

        def those(wanted):
            return [figure for figure, holds in self.verdicts.items() if holds is wanted]

        failed, unknown = those(False), those(None)
        print(f"\n{len(those(True))} of {len(self.verdicts)} goals hold"
              + (f"; not: {', '.join(failed)}" if failed else "")
              + (f"; not measured: {', '.join(unknown)}" if unknown else "")
              + f". Took {progress.minutes().strip()} minutes.", flush=True)
        return not failed


def collect(names, measure):
    """One value per contender, without contenders that cannot be measured."""
    found = {}
    for name in names:
        progress.say(name)
        try:
            found[name] = measure(name)
        except (Unusable, OSError, subprocess.SubprocessError) as reason:
            progress.leave_out(name, reason)
    return found


def medians(rows, read):
    """The median of what `read` returns for each row, by contender."""
    return {name: statistics.median(map(read, own)) for name, own in rows.items() if own}


class Part:
    """A part of the table: its name, how long it takes, its goals, and the function that measures it."""

    def __init__(self, title, seconds, goals, fill):
        self.title, self.seconds, self.goals, self.fill = title, seconds, goals, fill

    def run(self, table):
        progress.part = f"{self.title}: "
        progress.say(f"about {self.seconds / 60:.1f} minutes")
        try:
            self.fill(table, self.goals)
        except (Unusable, OSError, ValueError, subprocess.SubprocessError) as reason:
            progress.say(f"not measured: {reason}")
            table.note(f"{self.title} not measured: {reason}")
        finally:
            progress.part = ""
        table.missing(self.goals)


def relaying(names, options, tls, what):
    """CPU per request, and how it compares with the contenders."""
    against_nginx, against_envoy = f"CPU of nginx-full, {what}", f"CPU of envoy, {what}"
    wrong = f"wrong answers, {what}"
    goals = {against_nginx: Goal(most=0.75), against_envoy: Goal(most=0.40), wrong: Goal(most=0)}

    def fill(table, goals):
        load = argparse.Namespace(**{**vars(options), "path": COURSES, "body": 0})
        measured = throughput.compare(names, tls, True, load)
        found, note = throughput.without_noise(measured)
        for figure, base in ((against_nginx, "nginx-full"), (against_envoy, "envoy")):
            table.row(figure, goals[figure],
                      {name: throughput.ratio(found, name, base) for name in found})
        table.row(f"CPU µs a request, {what}", None, medians(found, lambda row: row["microseconds"]))
        table.row(f"of its core, {what}", None, medians(found, lambda row: row["saturation"]), "{:.0%}")
        table.row(wrong, goals[wrong],
                  {name: sum(row["bad"] for row in own) for name, own in measured.items()}, "{:d}")
        table.note(f"CPU, {what}: {note.strip()}")

    seconds = len(names) * (1 + options.rounds * (options.seconds + 0.1) + 1)
    return Part(f"CPU a request, {what}", seconds, goals, fill)


def system_calls(names, options, tls, what):
    figure = f"system calls a request, {what}"

    def fill(table, goals):
        table.row(figure, goals[figure], collect(
            names, lambda name: counting.system_calls(name, tls, True, options)["total"]))

    return Part(figure, len(names) * (options.seconds + 3), {figure: Goal(most=4.2)}, fill)


def resident(names, options):
    rest, many = "MB at rest", "MB with 9,900 idle callers"

    def fill(table, goals):
        rows = collect(names, lambda name: memory.examine(name, False, True, bulks=False))

        def row(figure, read):
            values = {name: read(own) for name, own in rows.items()}
            table.row(figure, goals.get(figure), {
                name: memory.megabytes(kib) for name, kib in values.items() if kib}, "{:.1f}")

        row(rest, lambda own: own["idle_kib"])
        row("MB at rest after a load", lambda own: own["after_load_kib"])
        row("MB with 1,000 idle callers", lambda own: own["callers"].get(1_000))
        row(many, lambda own: own["callers"].get(9_900))
        table.note(f"at rest: {memory.REST_SECONDS:.0f} s after the last answer; MB: 10^6 bytes")

    seconds = len(names) * (memory.STARTS * (memory.REST_SECONDS + 0.3) + 3 * memory.REST_SECONDS + 15)
    return Part("memory", seconds, {rest: Goal(most=15), many: Goal(most=20)}, fill)


def bulk(names, options):
    ways = ("upload", "download")
    grown = {way: f"MB grown by 1 GiB of {way}" for way in ways}
    against = {way: f"CPU of nginx for 1 GiB of {way}" for way in ways}
    goals = {}
    for way in ways:
        goals[grown[way]] = Goal(most=1)
        goals[against[way]] = Goal(most=1.0)

    def fill(table, goals):
        rounds = min(options.rounds, 5)
        for way, rows in memory.bulk_in_rounds(names, False, True, rounds).items():
            # The highest of the rounds, because memory must stay flat each time.
            table.row(grown[way], goals[grown[way]], {
                name: max(memory.megabytes(row["max_kib"] - row["min_kib"]) for row in own)
                for name, own in rows.items()}, "{:.1f}")
            base = rows.get("nginx")
            table.row(against[way], goals[against[way]], {} if not base else {
                name: statistics.median(row["cpu_seconds"] / other["cpu_seconds"]
                                        for row, other in zip(own, base))
                for name, own in rows.items()})
            table.row(f"CPU s for 1 GiB of {way}", None, medians(rows, lambda row: row["cpu_seconds"]))

    return Part("1 GiB up and down", len(names) * min(options.rounds, 5) * 5, goals, fill)


def starting(names, options):
    figure = "ms from start to first answer"
    rounds = 21 if options.rounds > 2 else 5

    def fill(table, goals):
        found = start.compare(names, False, True, rounds)
        table.row(figure, goals[figure], medians(found, lambda milliseconds: milliseconds), "{:.1f}")

    return Part("start", len(names) * rounds * 0.25, {figure: Goal(most=20)}, fill)


def instructions(names, options):
    counted = [name for name in names if name != "envoy"]  # callgrind takes minutes to start it

    def fill(table, _goals):
        table.row("instructions a request", None, collect(counted, lambda name: counting.instructions(
            name, False, True, options.seconds + 2)["instructions"]), "{:,}")

    return Part("instructions", len(counted) * (options.seconds + 6 + 10), {}, fill)


def growing(names, options):
    peers = [name for name in PEERS if name in names]
    goals = {f"CPU of nginx-full, {count:,} connections": Goal(most=0.75) for count in BESIDE}

    def fill(table, goals):
        pairs = [(OWN, step) for step in growth.steps()]
        pairs += [(name, growth.connections(count)) for count in BESIDE for name in peers]
        measured = growth.side_by_side(pairs, False, True, options)
        found, note = throughput.without_noise(measured)
        bad = sum(row["bad"] for own in measured.values() for row in own)
        for figure, count in zip(goals, BESIDE):
            base = ("nginx-full", f"{count:,} connections")
            table.row(figure, goals[figure], {
                name: throughput.ratio(found, (name, base[1]), base) for name in (OWN, *peers)},
                      judged=not bad)
        costs = medians(found, lambda row: row["microseconds"])
        for step in growth.steps():
            table.row(f"CPU µs a request, {step.what}", None, {
                name: costs.get((name, step.what)) for name in (OWN, *peers)})
        table.row("growth: 1,000 connections against 8", None, {
            name: throughput.ratio(found, (name, "1,000 connections"), (name, "8 connections"))
            for name in (OWN, *peers)})
        table.note(f"growth: {note.strip()}; {bad} wrong answers")

    entries = len(list(growth.steps())) + len(BESIDE) * len(peers)
    return Part("growth", entries * (0.3 + options.rounds * (options.seconds + 0.3)), goals, fill)


def two_loops(options):
    figure = "requests of two event loops, of one"

    def fill(table, goals):
        measured, missing = threads.compare(OWN, False, True, options)
        rows, note = throughput.without_noise(measured)
        table.note(f"two loops: {note.strip()}")
        reason = threads.void(rows, missing)
        table.row(figure, goals[figure], {OWN: threads.ratio(rows, threads.TWO)}, judged=not reason)
        table.row("CPU µs a request with two, of one", None,
                  {OWN: threads.ratio(rows, threads.TWO, "microseconds")})
        if threads.CONTROL in rows:
            table.row("requests of two with one share, of one (counter-check)", None,
                      {OWN: threads.ratio(rows, threads.CONTROL)})
        if reason:
            table.note(f"two loops: the ratio says nothing, because {reason}")
        progress.say("\n" + threads.table(measured, missing))

    seconds = 10 + 3 * (1 + options.rounds * (options.seconds + 0.2))
    return Part("two loops", seconds, {figure: Goal(least=1.8)}, fill)


def parts(names, options):
    every = [relaying(names, options, tls, what) for tls, what in MODES]
    every += [system_calls(names, options, tls, what) for tls, what in MODES]
    every += [resident(names, options), bulk(names, options), starting(names, options),
              two_loops(options), growing(names, options), instructions(names, options)]
    return every


def print_all(names, options):
    """Measures and prints everything. Returns whether no goal failed."""
    every = parts(names, options)
    minutes = sum(part.seconds for part in every) / 60
    progress.say(f"{len(every)} parts, {options.rounds} rounds of {options.seconds} s: about"
                 f" {minutes:.0f} minutes; the machine should have nothing else to do")
    table = Table(names)
    for number, part in enumerate(every, 1):
        part.title = f"{number} of {len(every)}, {part.title}"
        part.run(table)
    return table.end()
