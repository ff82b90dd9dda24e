"""The cost of the gateway above that of a program that only moves bytes, with few and with many connections."""

import argparse

from . import throughput
from .contenders import PREFIX
from .verdicts import Verdicts

BOUNDS = {64: 1.15, 512: 1.25}
NAMES = ("floor", "gateway", "nginx-full")


def measure(rounds, seconds):
    """Prints all figures. Returns whether the bounds hold."""
    verdicts = Verdicts()
    for connections, bound in BOUNDS.items():
        print(f"{connections} connections, plain upstream, log on (the floor has none)", flush=True)
        measured = throughput.compare(NAMES, False, True, argparse.Namespace(
            connections=connections, path=f"{PREFIX}/courses?since=2026", body=0, seconds=seconds, rounds=rounds))
        print(throughput.table(measured), flush=True)
        rows, _ = throughput.without_noise(measured)
        verdicts.at_most("CPU of a request, of the floor's", throughput.ratio(rows, "gateway", "floor"), bound)
    return verdicts.holds
