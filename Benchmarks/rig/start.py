"""From the start of the process to its first answer, relayed, with a token of its own."""

import statistics
import time

from . import places
from .places import Unusable
from .processes import Origin, Proxy
from .progress import progress


def compare(names, tls, log, rounds):
    """Starts every contender once a round, in an order that rotates; milliseconds by contender."""
    found = {}
    with Origin() as origin:
        for name in list(names):
            try:
                Proxy(name, origin, tls, log).stop()  # its files are in memory from now on
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
