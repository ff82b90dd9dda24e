"""The journal: the cost of a record, searches over many records, and the disk space of the files under load."""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import time

from . import journal_room, places
from .places import Unusable

MIB = 1 << 20
DISK = 750  # MB for 5 million records

OPERATIONS = (
    ("GET", "/courses", "GetCourses"), ("GET", "/courses/{}", "GetCourse"),
    ("GET", "/registrations/{}", "GetRegistration"), ("GET", "/registrations", "GetRegistrations"),
    ("GET", "/registrations/{}/launchHistory", "GetRegistrationLaunchHistory"),
    ("POST", "/registrations", "CreateRegistration"), ("GET", "/ping", "PingAppId"),
    ("PUT", "/courses/{}/title", "SetCourseTitle"), ("DELETE", "/registrations/{}", "DeleteRegistration"),
    ("POST", "/registrations/{}/launchLink", "BuildRegistrationLaunchLink"))
CALLERS = ("crm", "lms", "reporting", "billing", "portal", "import", "mobile", "support")
STATUSES = (200,) * 90 + (204,) * 4 + (404,) * 3 + (429, 500, 503)
AGENTS = ("python-requests/2.31.0", "Java/17.0.9", "node-fetch/3.3.2", "curl/8.4.0")


def lines(count, begin, step):
    """`count` lines of a traffic log, on average `step` microseconds apart, from `begin` (seconds) on."""
    pick, bits = random.Random(6), random.Random(7).getrandbits
    second, stamp, now = None, "", int(begin * 1_000_000)
    for _ in range(count):
        now += 1 + int(pick.random() * 2 * step)
        whole, part = divmod(now, 1_000_000)
        if whole != second:
            second, stamp = whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
        method, path, operation = OPERATIONS[int(pick.random() * 10)]
        status = STATUSES[int(pick.random() * 100)]
        if "{" in path:
            path = path.format(f"{bits(64):016x}-{bits(32):08x}")
        caller = CALLERS[min(int(pick.expovariate(0.7)), 7)]
        took = pick.expovariate(8)
        error = '' if status < 500 else ',"error.type":"connection-timeout"'
        yield (
            f'{{"timestamp":"{stamp}.{part:06d}Z","request_id":"{bits(128):032x}",'
            f'"client.address":"10.1.{bits(8)}.{bits(8)}","http.request.method":"{method}",'
            f'"url.path":"/api/v2{path}","user_agent.original":"{AGENTS[bits(2)]}","caller":"{caller}",'
            f'"app":"main","operation":"{operation}","credential":"token","scope":"read:registration",'
            f'"upstream":[{{"address":"cloud.scorm.com:443","status":{status},"duration":{took:.6f}}}],'
            f'"http.response.status_code":{status},"http.request.body.size":0,'
            f'"http.response.body.size":{bits(12)},"duration":{took + 0.0004:.6f},"queue_wait":0,'
            f'"token_wait":0,"token_fingerprint":"{bits(32):08x}","termination":"completed"{error}}}\n')


def write(path, count, begin, step):
    with open(path, "w", encoding="ascii", buffering=1 << 20) as log:
        log.writelines(lines(count, begin, step))


def gateway():
    if not places.GATEWAY.exists():
        raise Unusable(f"there is no {places.GATEWAY}; scripts/release makes it")
    return str(places.GATEWAY)


def fill(folder, count, begin, step):
    """Imports records through the gateway's own writer. Returns its output and its CPU seconds."""
    journal = os.path.join(folder, "traffic.sqlite")
    log = os.path.join(folder, "traffic.log")
    write(log, count, begin, step)
    before = os.times()
    run = subprocess.run([gateway(), "traffic", "import", log, "--journal", journal],
                         capture_output=True, text=True, check=False)
    after = os.times()
    os.remove(log)
    if run.returncode:
        raise Unusable(run.stderr.strip())
    cpu = (after.children_user - before.children_user
           + after.children_system - before.children_system)
    return journal, run.stdout.strip(), cpu


@contextlib.contextmanager
def first_in_line():
    """Runs on one core with a higher priority, which processes started meanwhile inherit. (Doing this between fork and
    exec would make Python start processes in a slower way, and that time would count.)"""
    cores, niceness = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    os.sched_setaffinity(0, {places.PROXY_CORE % os.cpu_count()})
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, places.NICENESS)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        os.sched_setaffinity(0, cores)


def search(journal, *arguments):
    """Milliseconds of a search in a separate process, the best and the worst of nine, and its lines."""
    times = []
    for _ in range(9):
        began = time.perf_counter()
        run = subprocess.run([gateway(), "traffic", *arguments, "--journal", journal, "--format", "json"],
                             capture_output=True, text=True, check=True)
        times.append((time.perf_counter() - began) * 1000)
    return min(times), max(times), len(run.stdout.splitlines())


def questions(begin, first):
    """The searches, each with the milliseconds that the best run may take, and the number of lines that must be found
    if one is promised."""
    def moment(seconds):
        return time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(seconds))

    day = begin + 3 * 86_400
    hour = ("--since", moment(day), "--until", moment(day + 3600))
    return (
        ("request id", 20, 1, ("--id", first)),
        ("request id that is nowhere", 20, 0, ("--id", "0" * 32)),
        ("caller and hour", 40, None, ("--caller", "billing", *hour)),
        ("caller and hour, 1,000 rows", 40, 1000, ("--caller", "crm", "--limit", "1000", *hour)),
        ("statistics of a day", 300, None, ("stats", "--since", moment(day), "--until", moment(day + 86_400))),
        ("statistics of all", None, None, ("stats",)),
        ("5xx, caller, eleven days", None, None, ("--status", "5xx", "--caller", "crm", "--since", hour[1])),
        ("operation and 404", None, None, ("--operation", "GetCourse", "--status", "404")),
        ("words and hour", None, None, ("--text", "launchHistory", *hour)),
        ("slower than 1.5 s, hour", None, None, ("--slower", "1500ms", *hour)))


def verdict(goal, value):
    """The end of a line of the report, and whether the goal holds."""
    if goal is None:
        return "", True
    return (f"≤ {goal:g}: holds", True) if value <= goal else (f"≤ {goal:g}: MISSED", False)


def measure(count):
    """Prints the figures with their goals. Returns whether all goals hold."""
    folder = tempfile.mkdtemp(prefix="scorm-gateway-journal-", dir=os.environ.get("TMPDIR"))
    holds = True

    def report(name, value, unit, goal, more=""):
        nonlocal holds
        words, good = verdict(goal, value)
        holds = holds and good
        print(f"  {name:42} {value:7.1f} {unit:3} {more:24} {words}".rstrip(), flush=True)

    try:
        # 5 million records span two weeks.
        step = 14 * 86_400 * 1_000_000 // count
        begin = time.time() - 14 * 86_400
        journal, said, cpu = fill(folder, count, begin, step)
        size = sum(os.path.getsize(journal + end) for end in ("", "-wal") if os.path.exists(journal + end))
        print(f"  {said}; {cpu / count * 1e6:.1f} µs CPU each")
        report("disk for 5 million records", size / count * 5, "MB", DISK, f"{size / count:.0f} bytes each")
        rows = [{"records": count, "said": said, "cpu_us": cpu / count * 1e6, "bytes": size}]
        first = next(lines(1, begin, step)).split('"request_id":"')[1][:32]
        for name, goal, expected, question in questions(begin, first):
            with first_in_line():
                best, worst, found = search(journal, *question)
            # Searches are judged only at the size that the goals are for.
            report(name, best, "ms", goal if count >= 5_000_000 else None, f"to {worst:.0f}, {found} lines")
            if expected is not None and found != expected and count >= 5_000_000:
                raise Unusable(f"{name}: {found} lines, not {expected}")
            rows.append({"question": name, "best_ms": best, "worst_ms": worst, "found": found})
        for load in journal_room.LOADS:
            largest = journal_room.measure(load)
            report(f"write-ahead log, {load.name}", largest.log / MIB, "MiB",
                   load.size / 4 / MIB, largest.said)
            report(f"all files, {load.name}", largest.files / MIB, "MiB", load.size / MIB)
            rows.append({"load": load.name, "log": largest.log, "files": largest.files, "said": largest.said})
        for row in rows:
            places.record("journal", row)
        return holds
    finally:
        shutil.rmtree(folder)
