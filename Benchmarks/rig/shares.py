"""Fixed shares of a core for single threads, with the kernel's cpu controller (cgroup, version 1 or 2).

A proxy whose loops are each limited to a fifth of a core is saturated while the loads, on the same cores, have the
rest. So two loops can be compared with one on a machine with two cores.
"""

import contextlib
import itertools
import os
import pathlib
import re
import time

from .places import Unusable

SHARE = 0.2  # of a core, for one loop
PERIOD = 5_000  # microseconds in which a share is used; the kernel accepts quotas from 1,000 on
# As much as the niceness of the loads gives them (places.NICENESS), so that a loop gets its share when it is due.
WEIGHT = 29_154  # every group has 1,024 by default
# The shares of two loops are handed out at most this many microseconds apart, which takes this many attempts at most.
IN_STEP = 50
TRIES = 500


class Group:
    """A group of threads with its own quota. It is removed with its threads."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(exist_ok=True)

    def read(self, name):
        return (self.directory / name).read_text()

    def write(self, name, value):
        (self.directory / name).write_text(f"{value}\n")

    def counted(self):
        """The number of periods so far, how many used up their share, and seconds spent waiting for the next."""
        stat = dict(line.split() for line in self.read("cpu.stat").splitlines())
        throttled = (int(stat["throttled_usec"]) / 1e6 if "throttled_usec" in stat
                     else int(stat["throttled_time"]) / 1e9)
        return int(stat["nr_periods"]), int(stat["nr_throttled"]), throttled

    def remove(self):
        """Removes the group once its threads have ended, which the kernel notices a moment later."""
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
    """cgroup version 2: a whole process is in one group, its threads in threaded groups below."""

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
        # The kernel allows this for a domain with a process only now that something below it is threaded.
        domain.write("cgroup.subtree_control", "+cpu")
        group.write("cpu.max", f"{round(cores * PERIOD)} {PERIOD}")
        group.write("cpu.weight", min(10_000, WEIGHT * 100 // 1024))
        return group

    def move(self, group, thread):
        group.write("cgroup.threads", thread)


def controller(mounts="/proc/self/mounts"):
    """The cpu controller of this machine. Raises Unusable with the reason if there is none that is writable."""
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
    """The threads of a process whose names have this beginning, in the order of the names."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name.startswith(beginning):
            found[name] = int(task.name)
    return [found[name] for name in sorted(found)]


TIMER = re.compile(r"<(\w+)>, sched_cfs_period_timer\b.*\n # expires at (\d+)-")


def timers():
    """The time when the kernel next hands out shares, for each group. The kernel does not say which group it is."""
    return {name: int(due) for name, due in TIMER.findall(pathlib.Path("/proc/timer_list").read_text())}


def apart(one, other):
    """The microseconds between two moments of a period."""
    between = abs(one - other) % PERIOD
    return min(between, PERIOD - between)


class Shares:
    """Limits each of a process's threads `loop-N` to a share of a core, each on a separate core.

    All shares are handed out at the same moment, so that loops run at the same time and contend for shared data. The
    kernel gives every group a random moment, so groups are made until one has the same moment as the first.

    With `together`, all loops have one share between them. Two loops then cannot do more than one. That case shows
    whether the measurement can fail.
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
        """A group whose share is handed out near this moment, and the difference in microseconds."""
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
        """A new group, and the time within a period at which its share is handed out, in microseconds."""
        for _ in range(TRIES):
            known = timers()
            group = self.system.bound(self.domain, f"{self.name}-{next(self.made)}", self.share)
            # Setting a quota starts the group's timer, which soon ends if the group has no threads.
            new = [due for name, due in timers().items() if name not in known]
            if len(new) == 1:
                return group, new[0] // 1000 % PERIOD
            group.remove()  # meanwhile another group's timer started or ended
        raise Unusable("/proc/timer_list does not tell when the kernel hands out shares")

    def _enter(self):
        self.system.enter(self.domain, self.pid)
        for number, loop in enumerate(self.loops):
            self.system.move(self.bounded[number % len(self.bounded)], loop)
            os.sched_setaffinity(loop, {number % os.cpu_count()})

    def counted(self):
        """Sums over the groups: periods, periods that used up their share, seconds spent waiting for the next."""
        return tuple(map(sum, zip(*(group.counted() for group in self.bounded))))

    def loop_seconds(self):
        """The processor time of the loops in seconds."""
        return sum(int(pathlib.Path(f"/proc/{self.pid}/task/{loop}/schedstat").read_text().split()[0])
                   for loop in self.loops) / 1e9

    def remove(self):
        """Removes the groups. Call it when the process has ended."""
        for group in [*self.bounded, *([self.domain] if self.domain else [])]:
            group.remove()
