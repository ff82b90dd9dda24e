"""Fixed shares of a core for single threads, by the kernel's cpu controller (cgroup, version 1 or 2).

A proxy held to a fifth of a core by each loop saturates while the loads, on the same cores, have the rest.
So two loops can be compared with one on a machine of two cores.
"""

import contextlib
import itertools
import os
import pathlib
import re
import time

from .places import Unusable

SHARE = 0.2  # of a core, for one loop
PERIOD = 5_000  # microseconds in which a share is handed out; the kernel takes quotas from 1,000 on
# As much as the loads have by their niceness (places.NICENESS), so that a loop gets its share when it is due.
WEIGHT = 29_154  # where 1,024 is what every group has by default
# Shares of two loops are handed out at most so many microseconds apart; so many groups are tried.
IN_STEP = 50
TRIES = 500


class Group:
    """One group of threads with a quota of its own; goes away with its threads."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(exist_ok=True)

    def read(self, name):
        return (self.directory / name).read_text()

    def write(self, name, value):
        (self.directory / name).write_text(f"{value}\n")

    def counted(self):
        """Periods handed out so far, how many of them ran out, and seconds spent waiting for the next."""
        stat = dict(line.split() for line in self.read("cpu.stat").splitlines())
        throttled = (int(stat["throttled_usec"]) / 1e6 if "throttled_usec" in stat
                     else int(stat["throttled_time"]) / 1e9)
        return int(stat["nr_periods"]), int(stat["nr_throttled"]), throttled

    def remove(self):
        """Once its threads have ended, which the kernel notes a moment later."""
        for _ in range(100):
            with contextlib.suppress(OSError):
                self.directory.rmdir()
            if not self.directory.exists():
                return
            time.sleep(0.01)


class FirstVersion:
    """The controller `cpu` of cgroup version 1: a thread may be in any group."""

    def __init__(self, mount):
        self.mount = pathlib.Path(mount)

    def domain(self, _name):
        return None

    def enter(self, domain, pid):
        pass

    def bound(self, _domain, name, cores):
        group = Group(self.mount / name)
        group.write("cpu.cfs_period_us", PERIOD)
        group.write("cpu.cfs_quota_us", round(cores * PERIOD))
        group.write("cpu.shares", WEIGHT)
        return group

    def move(self, group, thread):
        group.write("tasks", thread)


class SecondVersion:
    """cgroup version 2: a process is in one group whole, its threads in threaded groups below."""

    def __init__(self, mount):
        self.mount = pathlib.Path(mount)

    def domain(self, name):
        control = self.mount / "cgroup.subtree_control"
        if "cpu" not in control.read_text().split():
            control.write_text("+cpu\n")
        return Group(self.mount / name)

    def enter(self, domain, pid):
        domain.write("cgroup.procs", pid)

    def bound(self, domain, name, cores):
        group = Group(domain.directory / name)
        group.write("cgroup.type", "threaded")
        # Allowed with a process in the domain only now that something below it is threaded.
        domain.write("cgroup.subtree_control", "+cpu")
        group.write("cpu.max", f"{round(cores * PERIOD)} {PERIOD}")
        group.write("cpu.weight", min(10_000, WEIGHT * 100 // 1024))
        return group

    def move(self, group, thread):
        group.write("cgroup.threads", thread)


def controller(mounts="/proc/self/mounts"):
    """The cpu controller of this machine; Unusable, with the reason, when there is none to write to."""
    found = None
    for line in pathlib.Path(mounts).read_text().splitlines():
        _, mount, kind, settings = line.split()[:4]
        if kind == "cgroup" and "cpu" in settings.split(","):
            found = FirstVersion(mount)
        elif kind == "cgroup2" and not found:
            with contextlib.suppress(OSError):
                if "cpu" in (pathlib.Path(mount) / "cgroup.controllers").read_text().split():
                    found = SecondVersion(mount)
    if not found:
        raise Unusable("the cgroup controller `cpu` is not mounted")
    if not os.access(found.mount, os.W_OK):
        raise Unusable(f"{found.mount} may not be written to: it takes root")
    return found


def threads(pid, beginning):
    """Threads of a process by the beginning of their names, in the order of these names."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name.startswith(beginning):
            found[name] = int(task.name)
    return [found[name] for name in sorted(found)]


TIMER = re.compile(r"<(\w+)>, sched_cfs_period_timer\b.*\n # expires at (\d+)-")


def timers():
    """When the kernel hands out shares next, by group; which group, it does not say."""
    return {name: int(due) for name, due in TIMER.findall(pathlib.Path("/proc/timer_list").read_text())}


def apart(one, other):
    """Microseconds between two moments of a period."""
    between = abs(one - other) % PERIOD
    return min(between, PERIOD - between)


class Shares:
    """Holds each of a process's threads `loop-N` to a share of a core, and to a core of its own.

    All shares are handed out at the same moment, so that loops run at the same time and meet at what they
    have in common. The kernel gives every group a random moment: groups are made until one has the first
    one's.

    With `together` all loops have one share between them. Two loops then can do no more than one,
    whatever they do: what is measured that way tells whether the measurement could fail.
    """

    def __init__(self, pid, label, share=SHARE, together=False):
        self.pid = pid
        self.loops = threads(pid, "loop-")
        if not self.loops:
            raise Unusable(f"process {pid} has no thread named loop-…")
        self.system = controller()
        self.share = share
        self.cores = share if together else share * len(self.loops)
        self.apart = 0
        self.domain, self.bounded = None, []
        self.made = itertools.count()
        name = f"scorm-gateway-bench-{os.getpid()}-{label.replace(' ', '-')}"
        self.name = name
        try:
            self.domain = self.system.domain(name)
            self._make_groups(1 if together else len(self.loops))
            self._enter()
        except OSError as reason:
            self.remove()
            raise Unusable(f"cannot hold a thread to a share of a core: {reason}") from reason
        except BaseException:
            self.remove()
            raise

    def _make_groups(self, count):
        first, moment = self._group()
        self.bounded.append(first)
        for _ in range(1, count):
            group, away = self._in_step(moment)
            self.bounded.append(group)
            self.apart = max(self.apart, away)

    def _in_step(self, moment):
        """A group whose share is handed out near that moment, and how many microseconds from it."""
        kept, nearest = None, PERIOD
        for _ in range(TRIES):
            group, other = self._group()
            away = apart(moment, other)
            if away >= nearest:
                group.remove()
                continue
            if kept:
                kept.remove()
            kept, nearest = group, away
            if nearest <= IN_STEP:
                break
        return kept, nearest

    def _group(self):
        """A new group, and when in its period its share is handed out, in microseconds."""
        for _ in range(TRIES):
            known = timers()
            group = self.system.bound(self.domain, f"{self.name}-{next(self.made)}", self.share)
            # Setting a quota starts the group's timer; for a group without threads it soon ends.
            new = [due for name, due in timers().items() if name not in known]
            if len(new) == 1:
                return group, new[0] // 1000 % PERIOD
            group.remove()  # another group's timer started or ended meanwhile
        raise Unusable("/proc/timer_list does not tell when the kernel hands out shares")

    def _enter(self):
        self.system.enter(self.domain, self.pid)
        for number, loop in enumerate(self.loops):
            self.system.move(self.bounded[number % len(self.bounded)], loop)
            os.sched_setaffinity(loop, {number % os.cpu_count()})

    def counted(self):
        """Sums over the groups: periods, those that ran out, seconds spent waiting for the next."""
        return tuple(map(sum, zip(*(group.counted() for group in self.bounded))))

    def loop_seconds(self):
        """Time of the loops on a processor."""
        return sum(int(pathlib.Path(f"/proc/{self.pid}/task/{loop}/schedstat").read_text().split()[0])
                   for loop in self.loops) / 1e9

    def remove(self):
        """To be called when the process has ended."""
        for group in [*self.bounded, *([self.domain] if self.domain else [])]:
            group.remove()
