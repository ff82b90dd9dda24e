"""Row 46: several gateways that share a limit, with a store that is stopped, killed, or loses a gateway."""

import pathlib
import re
import signal
import tempfile
import time

from certificates import Authority
from fleet import Fleet, ObservedStore, largest_burst, most_beyond
from peers import eventually
from rig import row
from test_reload import free_port

RATE, BURST = 100, 20
LIMIT = f"{{name: app, per: app, rate: {RATE}/1s, burst: {BURST}, maxWait: 5s}}"


def check_budget(fleet, since=0):
    times = [when for when in fleet.upstream.times if when >= since]
    burst = largest_burst(times, RATE)
    assert burst <= most_beyond(fleet, BURST, RATE), f"{burst:.1f} calls beyond the rate"
    return burst


@row("46", "a gateway of three is killed: the others have its part after one lease", lab=False,
     needs=("redis-server",))
def killed():
    with Fleet(3, LIMIT) as fleet:
        fleet.call([80, 80, 80])
        eventually(lambda: len(fleet.upstream.times) > 300, "calls are made")
        fleet.members[0].process.kill()
        fleet.callers[0].end()
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 4, "two leases are over")
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 3, "three seconds are over")
        used = sum(when >= since for when in fleet.upstream.times)
        assert used >= 0.9 * 3 * RATE, f"{used} calls in 3 s"
        burst = check_budget(fleet)
        return f"{used} of {3 * RATE} calls in 3 s afterwards, {burst:.1f} beyond the rate at most"


@row("46", "the store is stopped for 6 s: calls go on by leases, then by even parts, at the same speed", lab=False,
     needs=("redis-server",))
def stopped():
    with Fleet(2, LIMIT) as fleet:
        fleet.call([20, 20])
        eventually(lambda: len(fleet.upstream.times) > 120, "calls are made")
        before = max(callers.slowest(0) for callers in fleet.callers)
        since = time.monotonic()
        fleet.store.signal(signal.SIGSTOP)
        eventually(lambda: time.monotonic() - since > 6, "six seconds are over")
        during = max(callers.slowest(since) for callers in fleet.callers)
        states = [member.state()[0] for member in fleet.members]
        fleet.store.signal(signal.SIGCONT)
        for member in fleet.members:
            eventually(member.is_leased, "the limit is leased again")
            assert member.said().count("is lost") == 1, member.said()
        assert states == ["lost", "lost"], states
        assert during < before + 0.05, f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms while it was stopped"
        for callers in fleet.callers:
            assert set(callers.statuses) == {200}, callers.statuses
        check_budget(fleet)
        return f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms while it was stopped"


@row("46", "the store is killed and comes back empty", lab=False, needs=("redis-server",))
def killed_store():
    with Fleet(2, LIMIT) as fleet:
        fleet.call([60, 60])
        eventually(lambda: len(fleet.upstream.times) > 200, "calls are made")
        fleet.store.kill()
        for member in fleet.members:
            eventually(lambda member=member: member.state()[0] == "lost", "the leases are over")
        fleet.store.start()
        for member in fleet.members:
            eventually(member.is_leased, "the limit is leased again")
        burst = check_budget(fleet)
        return f"{burst:.1f} calls beyond the rate at most"


@row("46", "the store answers after 5 s: calls go on by leases, then by even parts, at the same speed", lab=False,
     needs=("redis-server",))
def late():
    with Fleet(2, LIMIT, kind=ObservedStore) as fleet:
        fleet.call([20, 20])
        eventually(lambda: len(fleet.upstream.times) > 120, "calls are made")
        before = max(callers.slowest(0) for callers in fleet.callers)
        since = time.monotonic()
        fleet.store.delay = 5
        eventually(lambda: time.monotonic() - since > 8, "eight seconds are over")
        during = max(callers.slowest(since) for callers in fleet.callers)
        states = [member.state()[0] for member in fleet.members]
        fleet.store.delay = 0
        for member in fleet.members:
            eventually(member.is_leased, "the limit is leased again")
            assert member.said().count("is lost") == 1, member.said()
        assert states == ["lost", "lost"], states
        assert during < before + 0.05, f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms while it was late"
        for callers in fleet.callers:
            assert set(callers.statuses) == {200}, callers.statuses
        check_budget(fleet)
        return f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms while it was late"


@row("46", "a gateway stands still for 5 s and goes on: not by the lease that it had", lab=False, needs=("redis-server",))
def stood_still():
    with Fleet(3, LIMIT) as fleet:
        fleet.call([90, 90, 90])
        eventually(lambda: len(fleet.upstream.times) > 300, "calls are made")
        stopped = time.monotonic()
        fleet.members[0].process.send_signal(signal.SIGSTOP)
        eventually(lambda: time.monotonic() - stopped > 5, "five seconds are over")
        resumed = time.monotonic()
        fleet.members[0].process.send_signal(signal.SIGCONT)
        eventually(fleet.members[0].is_leased, "the limit is leased again")
        eventually(lambda: time.monotonic() - resumed > 3, "three seconds are over")
        used = sum(stopped + 3 <= when < resumed for when in fleet.upstream.times)
        assert used >= 0.9 * 2 * RATE, f"{used} calls in the last 2 s"
        burst = check_budget(fleet)
        return f"the others used {used} of {2 * RATE} calls; {burst:.1f} beyond the rate at most"


@row("46", "of six calls under way three gateways have never more together; a killed one's come free after its lease",
     lab=False, needs=("redis-server",))
def under_way():
    places, delay = 6, 0.3
    with Fleet(3, f"{{name: app, per: app, concurrency: {places}, maxWait: 20s}}") as fleet:
        fleet.upstream.delay = delay
        fleet.call([15, 15, 15])
        eventually(lambda: len(fleet.upstream.times) > 60, "calls are made")
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 4, "four seconds are over")
        used = sum(when >= since for when in fleet.upstream.times) / (places / delay * 4)
        assert used >= 0.75, f"{used:.0%} of the places are used"
        fleet.members[0].process.kill()
        fleet.callers[0].end()
        killed = time.monotonic()
        eventually(lambda: fleet.upstream.under_way < places, "its calls are over")
        eventually(lambda: fleet.upstream.under_way == places, "its places are used by the others", 4)
        free = time.monotonic() - killed
        # The length of a lease at the store, and the time until the waiting gateways ask again.
        assert free <= 2.1 + 1 + fleet.upstream.lateness, f"its places came free after {free:.1f} s"
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 3, "three seconds are over")
        assert fleet.upstream.most <= places, f"{fleet.upstream.most} calls were under way"
        for callers in fleet.callers[1:]:
            assert set(callers.statuses) == {200}, callers.statuses
        return f"{fleet.upstream.most} under way at most, {used:.0%} used, free after {free:.1f} s"


@row("46", "a 429 to one gateway stops the other within 200 ms", lab=False, needs=("redis-server",))
def pause():
    with Fleet(2, LIMIT) as fleet:
        fleet.upstream.script = lambda number: (429, "Retry-After: 3\r\n") if number == 60 else (200, "")
        fleet.call([30, 30])
        eventually(lambda: len(fleet.upstream.times) > 60, "the upstream has refused one")
        refused = fleet.upstream.times[60]
        eventually(lambda: time.monotonic() - refused > 4, "the pause is over")
        late = [when - refused for when in fleet.upstream.times[61:] if when - refused < 2.9]
        assert all(when < 0.2 for when in late), late
        return f"{len(late)} calls within {max(late, default=0) * 1000:.0f} ms after it, then none for 3 s"


@row("46", "the store by TLS, with an ACL user who has the rights that docs/fleet.md names", lab=False,
     needs=("redis-server", "openssl"))
def encrypted():
    authority, port = Authority(), free_port()
    authority.server_context("localhost")
    document = (pathlib.Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
    rights = re.search(r"(?m)^user gateway on >PASSWORD .*$", document)[0]
    with tempfile.TemporaryDirectory() as folder:
        users, password = pathlib.Path(folder) / "users", pathlib.Path(folder) / "password"
        users.write_text("user default off\n" + rights.replace("PASSWORD", "pass-of-the-test"))
        password.write_text("pass-of-the-test")
        password.chmod(0o600)
        stem = authority.directory / "localhost-False-False"
        store = ("--tls-port", port, "--tls-cert-file", stem.with_suffix(".pem"), "--tls-key-file",
                 stem.with_suffix(".key"), "--tls-ca-cert-file", authority.path, "--tls-auth-clients", "no",
                 "--aclfile", users)
        more = f", user: gateway, password: {{file: {password}}}, caFile: {authority.path}"
        with Fleet(2, LIMIT, url=f"rediss://localhost:{port}/3", more=more, store=store) as fleet:
            fleet.call([30, 30])
            eventually(lambda: len(fleet.upstream.times) > 120, "calls are made")
            check_budget(fleet)
            assert all("pass-of-the-test" not in member.said() for member in fleet.members)
