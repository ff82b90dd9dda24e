"""Instructions per request that the gateway must not exceed: the file `thresholds`, in the folder of `bench`."""

import dataclasses

from . import counting, places
from .contenders import PREFIX, Shape
from .counting import Load

FILE = places.BENCHMARKS / "thresholds"
# If a measurement is above by more than SLACK, the check fails. If it is below by more than WON, the check asks for an
# update of the file, so that the gain is not lost again unnoticed.
SLACK = 0.03
WON = 0.05


@dataclasses.dataclass(frozen=True)
class Scenario:
    contender: str = "gateway"
    tls: bool = False
    log: bool = True
    load: Load = Load()
    shape: Shape = Shape()


COURSES = f"{PREFIX}/courses?since=2026"
SCENARIOS = {
    "everything": Scenario(),
    "without-limits": Scenario("gateway-without-limits"),
    "without-log": Scenario(log=False),
    "tls-upstream": Scenario(tls=True),
    "post-1k": Scenario(load=Load(path=f"{PREFIX}/registrations", body=1024)),
    "callers-255": Scenario(load=Load(connections=255, sources=255), shape=Shape(callers=255)),
    "apps-50": Scenario(load=Load(path=f"/apps/app50{COURSES}"), shape=Shape(apps=50)),
}


def read():
    found = {}
    for line in FILE.read_text().splitlines():
        text = line.partition("#")[0].split()
        if text:
            found[text[0]] = int(text[1])
    return found


def write(measured):
    lines = ["# User-space instructions per request, by scenario (rig/thresholds.py), as measured by",
             "# `bench check-thresholds --write`. The check allows 3 % more."]
    lines += [f"{name:16} {count:6}" for name, count in measured.items()]
    FILE.write_text("\n".join(lines) + "\n")


def measure(names, seconds):
    for name in names:
        scenario = SCENARIOS[name]
        row = counting.instructions(
            scenario.contender, scenario.tls, scenario.log, seconds, scenario.load, scenario.shape,
            label=f"gateway {name}")
        yield name, row["instructions"], row["bad"]


def check(names, seconds):
    """Measures and compares. Returns whether all thresholds hold."""
    allowed = read()
    holds = True
    for name, count, bad in measure(names, seconds):
        if name not in allowed:
            print(f"  {name:16} {count:7,}  not in {FILE.name}: add it with --write", flush=True)
            holds = False
            continue
        change = count / allowed[name] - 1
        verdict = "holds"
        if bad:
            verdict, holds = f"VOID: {bad} wrong answers", False
        elif change > SLACK:
            verdict, holds = "EXCEEDED", False
        elif change < -WON:
            verdict = "far below: bring the file up to date with --write"
        print(f"  {name:16} {count:7,}  of {allowed[name]:7,}  {change:+6.1%}  {verdict}", flush=True)
    return holds
