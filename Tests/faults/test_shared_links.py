"""Row 46: gateways that share a limit, whose links to the store are silently cut in both directions or in one."""

import pathlib
import re
import tempfile
import time

from certificates import Authority
from fleet import Fleet, largest_burst, most_beyond
from links import LinkedStore, in_namespace, main
from peers import eventually
from rig import row

RATE, BURST = 100, 20
LIMIT = f"{{name: app, per: app, rate: {RATE}/1s, burst: {BURST}, maxWait: 5s}}"
NEEDS = ("redis-server", "ip", "iptables", "nsenter", "unshare")
# The length of a lease. A silent store is lost a second later.
LEASE = 2.0
# The longest pause between two attempts, the second that an attempt may take, and the second for which a connection
# must stay up.
RETURN = 10 + 1 + 1 + 1


def linked(on_loss="share", **options):
    options.setdefault("url", LinkedStore.url)
    return Fleet(3, LIMIT, on_loss=on_loss, kind=LinkedStore, **options)


def wait(seconds):
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began >= seconds, "time passes", seconds + 5)


def burst_of(fleet, since=0.0, until=float("inf"), rate=RATE):
    return largest_burst([when for when in fleet.upstream.times if since <= when < until], rate)


def statuses(callers, since, until):
    return {status for began, _, status in callers.waits if since <= began < until}


def cut_and_restore(fleet, on_loss):
    """Gateway 0 loses its link for six seconds. Its calls fit into an equal part of the limit; the others could use all
    of it."""
    fleet.call([20, 90, 90])
    eventually(lambda: len(fleet.upstream.times) > 400, "calls are made")
    member, callers = fleet.members[0], fleet.callers[0]
    before = callers.slowest(0)
    losses, *others = [each.said().count("is lost") for each in fleet.members]
    cut = time.monotonic()
    fleet.store.pull(0)
    eventually(lambda: member.said().count("is lost") > losses, "the loss is told")
    told = time.monotonic() - cut
    eventually(lambda: member.state()[0] == "lost", "the lease is over")
    over = time.monotonic()
    assert over - cut <= LEASE + 0.5, f"the lease lasted {over - cut:.1f} s"
    wait(cut + 6 - time.monotonic())
    assert [other.state()[0] for other in fleet.members[1:]] == ["leased"] * 2
    restored = time.monotonic()
    fleet.store.plug(0)
    eventually(member.is_leased, "the limit is leased again", RETURN)
    back = time.monotonic() - restored
    wait(1)
    assert f"onLoss: {on_loss}" in member.said() and member.said().count("is lost") == losses + 1, member.said()
    assert [other.said().count("is lost") for other in fleet.members[1:]] == others
    # Calls continue under the lease, and none waits for the store.
    assert statuses(callers, 0, cut + 1) == {200}, callers.statuses
    got = statuses(callers, over + 0.1, restored)
    assert got == ({429} if on_loss == "closed" else {200}), got
    # The disconnected gateway uses its equal part of the limit, all of it, or nothing.
    alone = {"closed": 0, "share": 1 / 3, "open": 1}[on_loss]
    together = burst_of(fleet, rate=RATE * (1 + alone))
    assert together <= most_beyond(fleet, BURST * (1 + alone), RATE), f"{together:.1f} beyond {1 + alone:.2f} of the rate"
    assert burst_of(fleet, until=cut) <= most_beyond(fleet, BURST, RATE)
    note = f"told after {told:.1f} s, over after {over - cut:.1f} s, back after {back:.1f} s, " \
        f"{together:.1f} calls beyond {1 + alone:.2f} of the rate"
    if on_loss != "closed":
        during = callers.slowest(cut)
        assert during < before + 0.05, f"p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms during the cut"
        note += f", p99 {before * 1000:.1f} ms before, {during * 1000:.1f} ms during the cut"
    return note


def cut_share():
    with linked() as fleet:
        return cut_and_restore(fleet, "share")


def cut_open():
    with linked("open") as fleet:
        return cut_and_restore(fleet, "open")


def cut_closed():
    """With TLS, and with the permissions that docs/fleet.md names."""
    authority = Authority()
    authority.server_context("*.store.test")
    stem = authority.directory / "*.store.test-False-False"
    document = (pathlib.Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
    rights = re.search(r"(?m)^user gateway on >PASSWORD .*$", document)[0]
    with tempfile.TemporaryDirectory() as folder:
        users, password = pathlib.Path(folder) / "users", pathlib.Path(folder) / "password"
        users.write_text("user default off\n" + rights.replace("PASSWORD", "pass-of-the-test"))
        password.write_text("pass-of-the-test")
        password.chmod(0o600)
        store = ("--port", "0", "--tls-port", 6379, "--tls-cert-file", stem.with_suffix(".pem"), "--tls-key-file",
                 stem.with_suffix(".key"), "--tls-ca-cert-file", authority.path, "--tls-auth-clients", "no",
                 "--aclfile", users)
        more = f", user: gateway, password: {{file: {password}}}, caFile: {authority.path}"
        with linked("closed", more=more, store=store,
                    url=lambda number: LinkedStore.url(number, "rediss")) as fleet:
            return cut_and_restore(fleet, "closed")


def half_open():
    """Packets are lost in one direction only. A gateway that does not probe the connection believes that it is up."""
    notes = []
    with linked("closed") as fleet:
        fleet.call([20, 60, 60])
        for chain, text in (("OUTPUT", "answers"), ("INPUT", "questions")):
            member = fleet.members[0]
            losses = member.said().count("is lost")
            eventually(member.is_leased, "the limit is leased")
            wait(1)
            began = time.monotonic()
            rule = fleet.store.drop(chain, 0)
            eventually(lambda: member.said().count("is lost") == losses + 1, "the loss is told", 4)
            notes.append(f"{text} lost: found after {time.monotonic() - began:.1f} s")
            wait(3)
            fleet.store.pass_on(rule)
            restored = time.monotonic()
            eventually(member.is_leased, "the limit is leased again", RETURN)
            notes.append(f"back after {time.monotonic() - restored:.1f} s")
        burst = burst_of(fleet)
        assert burst <= most_beyond(fleet, BURST, RATE), f"{burst:.1f} calls beyond the rate"
    return ", ".join(notes)


def deaf():
    """The connection that listens for pauses receives nothing; the other one works."""
    with linked() as fleet:
        fleet.call([20, 20, 20])
        member = fleet.members[0]
        losses = member.said().count("is lost")
        (port,) = eventually(lambda: fleet.store.listeners(0), "it listens")
        wait(1)
        began = time.monotonic()
        fleet.store.drop("OUTPUT", 0, "-p", "tcp", "--dport", str(port))
        eventually(lambda: fleet.store.listeners(0) - {port}, "it listens anew", 5 + 1 + 2)
        found = time.monotonic() - began
        assert member.is_leased() and member.said().count("is lost") == losses, member.said()
        # Published messages arrive at once again.
        fleet.upstream.script = lambda number: (429, "Retry-After: 3\r\n") if fleet.upstream.refuse else (200, "")
        fleet.upstream.refuse, calls = True, len(fleet.upstream.times)
        eventually(lambda: len(fleet.upstream.times) > calls, "the upstream refuses")
        fleet.upstream.refuse = False
        refused = fleet.upstream.times[calls]
        wait(refused + 3 - time.monotonic())
        late = [when - refused for when in fleet.upstream.times[calls + 1:] if when - refused < 2.9]
        assert all(when < 0.2 for when in late), late
        return f"found by PING after {found:.1f} s"


def flapping():
    """A link that goes down and up every few hundred milliseconds."""
    with linked("closed") as fleet:
        fleet.call([20, 60, 60])
        wait(2)
        since = time.monotonic()
        for number in range(12):
            fleet.store.pull(0)
            wait(0.3 + 0.1 * (number % 5))
            fleet.store.plug(0)
            wait(0.2 + 0.1 * (number % 3))
        until = time.monotonic()
        eventually(fleet.members[0].is_leased, "the limit is leased again", RETURN)
        wait(1)
        burst = burst_of(fleet)
        assert burst <= most_beyond(fleet, BURST, RATE), f"{burst:.1f} calls beyond the rate"
        # The others get what the one gateway cannot use, except for the leases that it still holds.
        used = sum(since <= when < until for when in fleet.upstream.times) / (RATE * (until - since))
        assert used >= 0.7, f"{used:.0%} of the budget used"
        losses = fleet.members[0].said().count("is lost")
        return f"{burst:.1f} calls beyond the rate at most, {used:.0%} used, {losses} losses told"


def add(name, function):
    @row("46", name, lab=False, needs=NEEDS + (("openssl",) if function is cut_closed else ()))
    def in_its_namespace():
        return in_namespace(__file__, function.__name__)


FUNCTIONS = {
    cut_share: "the link of one gateway is cut: onLoss: share has an even part, and the link is used again",
    cut_closed: "the same with onLoss: closed, by TLS with an ACL user: never more than the budget",
    cut_open: "the same with onLoss: open: at most twice the budget",
    half_open: "a link that loses one direction is found and left, and used again",
    deaf: "a connection that listens and hears nothing is found by PING, and made anew",
    flapping: "a link that comes and goes: never more than the budget",
}

if __name__ == "__main__":
    main({function.__name__: function for function in FUNCTIONS})
else:
    for each, its_name in FUNCTIONS.items():
        add(its_name, each)
