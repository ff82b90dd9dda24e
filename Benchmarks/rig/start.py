"""The time from the start of the process to its first relayed answer, including the fetch of a token."""

import statistics
import time

from . import places
from .places import Unusable
from .processes import Origin, Proxy
from .progress import progress


def compare(names, tls, log, rounds):
    """Starts every contender once per round, in a rotating order. Returns milliseconds by contender."""
    found = {}
    with Origin() as origin:
        for name in list(names):
            try:
                Proxy(name, origin, tls, log).stop()  # from now on its files are in memory
                found[name] = []
            except Unusable as reason:
                progress.leave_out(name, reason)
        order = list(found)
        for turn in range(rounds):
            if turn % 5 == 0:
                progress.say(f"start {turn + 1} of {rounds} of each")
            for name in order[turn % len(order):] + order[:turn % len(order)]:
                proxy = Proxy(name, origin, tls, log)
                found[name].append(proxy.start_milliseconds)
                proxy.stop()
                places.record("start", {"contender": name, "tls": tls, "log": log, "round": turn,
                                        "milliseconds": round(proxy.start_milliseconds, 2)})
                time.sleep(0.05)
    return found


def table(found):
    lines = [f"  {'contender':24} {'median ms':>9} {'min–max':>12}"]
    for name, own in sorted(found.items(), key=lambda item: statistics.median(item[1])):
        lines.append(f"  {name:24} {statistics.median(own):9.1f} {min(own):6.1f}–{max(own):<6.1f}")
    return "\n".join(lines)
