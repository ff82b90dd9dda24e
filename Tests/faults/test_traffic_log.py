"""Rows 31 to 33 and 37 for the traffic log: disk faults, rotation under load, and SIGKILL."""

import json
import os
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time

from peers import Caller, eventually
from rig import Lab, require, row

#: The numbers of rotations under load and of ends by SIGKILL.
ROTATIONS, KILLS = 20, int(os.environ.get("FAULT_KILLS", "20"))


def _strict(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), f"a member twice: {pairs}"
    return dict(pairs)


def _lines(path):
    """The whole lines of a log, each strict JSON, and the bytes after the last line feed."""
    whole, _, torn = pathlib.Path(path).read_bytes().rpartition(b"\n")
    return [json.loads(line.decode("utf-8"), object_pairs_hook=_strict)
            for line in whole.split(b"\n") if line], torn


class _Load:
    """Threads that call over kept connections until they are stopped. Counts the answers."""

    def __init__(self, port, threads=4):
        self.answered, self.others, self.stops = 0, 0, False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(port,), daemon=True)
                        for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, port):
        count, others = 0, 0
        try:
            with Caller(port) as caller:
                while not self.stops:
                    caller.send(b"GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    answer = caller.read_answer()
                    if answer.status == 200:
                        count += 1
                    else:
                        others += 1
                        break
        except OSError:
            pass
        with self.lock:
            self.answered += count
            self.others += others

    def end(self):
        self.stops = True
        for thread in self.threads:
            thread.join(20)
        return self.answered


def _figures(lab):
    return (int(lab.metric("scorm_gateway_log_lines_written_total")),
            int(lab.metric("scorm_gateway_log_lines_dropped_total")))


def _check_health(lab, well):
    status, text = lab.admin("/readyz?verbose")
    check = next(c for c in json.loads(text)["checks"] if c["name"] == "traffic log")
    assert status == 200 and check["ready"] == well, f"{status} {text}"


def _in_namespace(folder, size):
    """A command that runs the gateway with a small file system at `folder`."""
    return ["unshare", "-m", "sh", "-c",
            f'mount -t tmpfs -o size={size} tmpfs "{folder}" && exec "$@"', "sh"]


def _with_small_disk(function, size="64k"):
    require("unshare", "mount")
    if os.geteuid() != 0:
        from rig import Skipped
        raise Skipped("mounting needs root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scorm-gateway-disk."))
    try:
        lab = Lab(settings={"traffic_log": folder / "traffic.log"}, wrapper=_in_namespace(folder, size))
        try:
            # Accessed through the gateway's own root, because no other process has the mount.
            return function(lab, pathlib.Path(f"/proc/{lab.pid}/root{folder}"))
        finally:
            lab.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@row(31, "the disk of the traffic log is full, and has room again", lab=False)
def disk_full():
    def run(lab, disk):
        calls = 0
        for _ in range(400):
            assert lab.call().status == 200
            calls += 1
        eventually(lambda: sum(_figures(lab)) == calls, "every line is written or counted as lost")
        written, dropped = _figures(lab)
        assert dropped > 0, "the disk was not full"
        _check_health(lab, False)
        lines, torn = _lines(disk / "traffic.log")
        assert not torn and len(lines) == written, f"{len(lines)} lines, {written} said, {torn!r}"
        said = [line for line in lab.said().split("\n") if "lines of the traffic log are lost" in line]
        assert len(said) == 1 and "No space left on device" in said[0], f"told {said}"
        # Makes room, as a rotation would.
        (disk / "traffic.log").rename(disk / "old")
        lab.signal(signal.SIGUSR1)
        eventually(lambda: (disk / "traffic.log").exists(), "the log is opened anew")
        (disk / "old").unlink()
        for _ in range(5):
            assert lab.call().status == 200
        eventually(lambda: _figures(lab)[0] == written + 5, "lines are written again")
        assert _figures(lab)[1] == dropped
        _check_health(lab, True)
        assert "is written again" in lab.said()
        lines, torn = _lines(disk / "traffic.log")
        assert len(lines) == 5 and not torn
        return f"{written} written, {dropped} lost and counted"

    return _with_small_disk(run)


@row(31, "the disk gets room again without anybody telling the gateway", lab=False)
def disk_full_alone():
    def run(lab, disk):
        (disk / "filler").write_bytes(b"x" * (60 << 10))
        for _ in range(60):
            assert lab.call().status == 200
        eventually(lambda: sum(_figures(lab)) == 60, "every line is written or counted as lost")
        written, dropped = _figures(lab)
        assert dropped > 0
        (disk / "filler").unlink()
        for _ in range(5):
            assert lab.call().status == 200
        eventually(lambda: sum(_figures(lab)) == 65, "the next lines are counted")
        assert _figures(lab) == (written + 5, dropped)
        lines, torn = _lines(disk / "traffic.log")
        assert len(lines) == written + 5 and not torn
        return f"{dropped} lost and counted"

    return _with_small_disk(run)


@row(32, "writing the traffic log fails with EIO for a while", lab=False)
def input_output_error():
    require("strace")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scorm-gateway-log."))
    path = folder / "traffic.log"
    # strace injects faults only on descriptors of this path. The first ten writes to it fail.
    path.touch()
    tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-e", "trace=write",
              "-e", "inject=write:error=EIO:when=1..10"]
    lab = Lab(settings={"traffic_log": path}, wrapper=tracer, is_traced=True)
    try:
        calls = 0
        deadline = time.monotonic() + 30
        while _figures(lab)[0] == 0:
            assert time.monotonic() < deadline, "writing never works again"
            assert lab.call().status == 200
            calls += 1
            eventually(lambda: sum(_figures(lab)) == calls, "the line is written or counted as lost")
        written, dropped = _figures(lab)
        lines, torn = _lines(path)
        assert dropped == 10 and len(lines) == written and not torn, f"{written} {dropped} {torn!r}"
        assert "Input/output error" in lab.said() and "is written again" in lab.said()
        return f"{dropped} lost and counted"
    finally:
        lab.stop()
        shutil.rmtree(folder, ignore_errors=True)


@row(32, "the traffic log's disk turns read-only", lab=False)
def read_only():
    require("strace")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scorm-gateway-log."))
    path = folder / "traffic.log"
    path.touch()
    # The effect of an emergency remount on a file that is open for writing.
    tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-e", "trace=write",
              "-e", "inject=write:error=EROFS:when=1+"]
    lab = Lab(settings={"traffic_log": path}, wrapper=tracer, is_traced=True)
    try:
        for _ in range(20):
            assert lab.call().status == 200
        eventually(lambda: _figures(lab) == (0, 20), "every line is counted as lost")
        _check_health(lab, False)
        assert lab.said().count("lines of the traffic log are lost") == 1, "told once a minute"
        assert "Read-only file system" in lab.said()
        return "20 lost and counted"
    finally:
        lab.stop()
        shutil.rmtree(folder, ignore_errors=True)


@row(32, "the traffic log's folder is removed and made again", lab=False)
def folder_removed():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scorm-gateway-log."))
    lab = Lab(settings={"traffic_log": folder / "traffic.log"})
    try:
        assert lab.call().status == 200
        eventually(lambda: _figures(lab) == (1, 0), "the first line is written")
        shutil.rmtree(folder)
        for _ in range(3):
            assert lab.call().status == 200
        eventually(lambda: _figures(lab) == (1, 3), "lines are counted as lost")
        _check_health(lab, False)
        folder.mkdir()
        assert lab.call().status == 200
        eventually(lambda: _figures(lab) == (2, 3), "the log is made again")
        lines, torn = _lines(folder / "traffic.log")
        assert len(lines) == 1 and not torn
    finally:
        lab.stop()
        shutil.rmtree(folder, ignore_errors=True)


@row(33, f"{ROTATIONS} rotations by renaming and SIGUSR1 under load", lab=False)
def rotations():
    lab = Lab(threads=2)
    try:
        load = _Load(lab.port)
        for number in range(ROTATIONS):
            time.sleep(0.1)
            lab.traffic_log.rename(lab.directory / f"traffic.log.{number}")
            lab.signal(signal.SIGUSR1)
            eventually(lab.traffic_log.exists, "the log is opened anew")
        answered = load.end()
        assert load.others == 0
        assert lab.end() == 0
        seen = set()
        count = 0
        for path in [*lab.directory.glob("traffic.log.*"), lab.traffic_log]:
            lines, torn = _lines(path)
            assert not torn, f"{path.name} ends in {torn!r}"
            count += len(lines)
            seen.update(line["request_id"] for line in lines)
        assert count == answered and len(seen) == count, f"{answered} calls, {count} lines, {len(seen)} ids"
        lab.check_secrecy()
        return f"{answered} calls, as many lines"
    finally:
        lab.stop()


@row(37, f"SIGKILL under load, {KILLS} times", lab=False)
def killed():
    lab = Lab(threads=2)
    torn_count = 0
    try:
        for _ in range(KILLS):
            load = _Load(lab.port, threads=2)
            time.sleep(random.uniform(0.05, 0.5))
            os.kill(lab.pid, signal.SIGKILL)
            lab.process.wait(10)
            load.end()
            torn_count += lab.traffic_log.read_bytes()[-1:] != b"\n"
            started = time.monotonic()
            lab.start()
            assert time.monotonic() - started < 5, "a restart takes long"
            assert lab.call().status == 200
        assert lab.end() == 0
        # The next process continues where this one was cut off, and its first line must be a separate line.
        torn = 0
        for line in lab.traffic_log.read_bytes().split(b"\n")[:-1]:
            try:
                json.loads(line.decode("utf-8"))
            except ValueError:
                torn += 1
        assert torn == torn_count <= KILLS, f"{torn} lines do not parse, {torn_count} were cut"
        return f"{torn_count} lines cut"
    finally:
        lab.stop()
