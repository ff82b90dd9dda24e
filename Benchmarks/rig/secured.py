"""Callers with TLS and a client certificate: CPU of a call on a kept connection and on a new one, and memory of idle
callers, compared with nginx and HAProxy, which require a certificate too."""

import time

from . import memory, places, throughput
from .contenders import Shape
from .places import Unusable
from .processes import Origin, Proxy, resident_kib
from .progress import progress

SHAPE = Shape(secured=True)
NAMES = ("gateway", "nginx-full", "nginx", "haproxy")
# What is measured, with how many connections, and the goal: at most this part of the contender's cost for the same
# work.
KINDS = {"kept": (64, "nginx-full", 0.75), "fresh": (32, "nginx-full", 1.0)}
IDLE = 9_900


class SecuredLoad:
    def __init__(self, kind):
        self.kind = kind
        self.connections = KINDS[kind][0]

    def run(self, origin, proxy, seconds):
        return origin.secured_load(self.kind, proxy.port, self.connections, seconds)


def compare(names, kind, rounds, seconds):
    load = SecuredLoad(kind)
    with Origin() as origin:
        origin.use_client()
        proxies = []
        try:
            for name in names:
                try:
                    proxies.append(Proxy(name, origin, False, True, shape=SHAPE))
                except Unusable as reason:
                    progress.leave_out(name, reason)
            for proxy in proxies:
                load.run(origin, proxy, 1)

            def measured(turn, proxy):
                row = throughput.measure(proxy, origin, seconds, load)
                places.record("tls", {"contender": proxy.name, "callers": kind, "round": turn, **row})
                return row

            return throughput.in_rounds({proxy.name: proxy for proxy in proxies}, rounds, measured)
        finally:
            for proxy in proxies:
                proxy.stop()


def idle(name):
    """Resident KiB of a fresh process after one answer, and with idle callers."""
    with Origin() as origin:
        origin.use_client()
        proxy = Proxy(name, origin, False, True, shape=SHAPE)
        try:
            time.sleep(memory.REST_SECONDS)
            rest = resident_kib(proxy.pids())
            requests, _, bad = origin.secured_load("idle", proxy.port, IDLE, 120)
            if requests < IDLE or bad:
                raise Unusable(f"{requests} of {IDLE} idle callers, {bad} bad")
            time.sleep(memory.REST_SECONDS)
            full = resident_kib(proxy.pids())
            origin.drop()
            return rest, full
        finally:
            proxy.stop()


def verdict(holds):
    return "holds" if holds else "MISSED"


def measure(rounds, seconds):
    """Prints all figures. Returns whether the goals are met."""
    places.prepare_callers()
    holds = True
    for kind, (connections, base, goal) in KINDS.items():
        print(f"{'a call on a kept connection' if kind == 'kept' else 'a new connection with one call'}, "
              f"{connections} callers by TLS 1.3 with certificates, log on", flush=True)
        rows = compare(NAMES, kind, rounds, seconds)
        print(throughput.table(rows), flush=True)
        rows, _ = throughput.without_noise(rows)
        ratio = throughput.ratio(rows, "gateway", base)
        if ratio is not None:
            holds = holds and ratio <= goal
            print(f"  gateway beside {base}: {ratio:.2f}, goal {goal}: {verdict(ratio <= goal)}", flush=True)
    sizes = {}
    for name in NAMES:
        progress.say(f"{name}: {IDLE} idle callers by TLS")
        try:
            sizes[name] = idle(name)
        except Unusable as reason:
            progress.leave_out(name, reason)
    print(f"resident MB with {IDLE} idle callers by TLS (at rest)")
    for name, (rest, full) in sizes.items():
        print(f"  {name:12} {memory.megabytes(full):7.1f} ({memory.megabytes(rest):.1f}), "
              f"{(full - rest) * 1024 / IDLE:,.0f} bytes each")
        places.record("tls-idle", {"contender": name, "rest_kib": rest, "full_kib": full})
    if "gateway" in sizes and "nginx" in sizes:
        is_less = sizes["gateway"][1] <= sizes["nginx"][1]
        holds = holds and is_less
        print(f"  not more than nginx: {verdict(is_less)}")
    return holds
