"""A gibibyte up and one down, to a plain and to a TLS upstream, compared with nginx."""

import statistics

from . import memory
from .verdicts import Verdicts

BOUNDS = {False: 0.6, True: 0.8}
NAMES = ("gateway", "nginx", "haproxy")


def measure(rounds):
    """Prints all figures. Returns whether the bounds hold."""
    verdicts = Verdicts()
    for tls, bound in BOUNDS.items():
        for way, rows in memory.bulk_in_rounds(NAMES, tls, True, rounds).items():
            print(f"1 GiB of {way}, {'TLS 1.3' if tls else 'plain'} upstream")
            for name, own in rows.items():
                cpu = [row["cpu_seconds"] for row in own]
                print(f"  {name:10} {statistics.median(cpu):6.2f} s of CPU ({min(cpu):.2f}–{max(cpu):.2f}),"
                      f" {statistics.median(row['seconds'] for row in own):6.2f} s")
            ratio = statistics.median(
                row["cpu_seconds"] / other["cpu_seconds"] for row, other in zip(rows["gateway"], rows["nginx"])
            ) if rows.get("gateway") and rows.get("nginx") else None
            verdicts.at_most("CPU, of nginx's", ratio, bound)
    return verdicts.holds
