"""Rows 31, 34 and 37 for the journal: a full disk, failing writes, a locked or damaged file, and SIGKILL. Calls
continue, lost records are counted, and the file is intact."""

import contextlib
import ctypes
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from disks import fill_up, small_disk
from peers import eventually
from rig import SECRET, Lab, row

#: For longer runs: FAULT_KILLS=100 FAULT_HOLD=30 scripts/fault-test journal
KILLS = int(os.environ.get("FAULT_KILLS", "8"))
HOLD = float(os.environ.get("FAULT_HOLD", "3"))
#: Seconds before a SIGKILL in which calls may be lost: a loop and the journal collect for 0.2 s each, then write.
LAST_MOMENTS = 1.0


@contextlib.contextmanager
def journaled(folder=None, **options):
    """Runs a gateway with a journal, and provides the journal's path."""
    with tempfile.TemporaryDirectory(prefix="scorm-gateway-journal.") as own:
        journal = pathlib.Path(folder or own) / "traffic.sqlite"
        wrapper = options.pop("wrapper", None)
        if wrapper:
            options["wrapper"] = [word.replace("JOURNAL", str(journal)) for word in wrapper]
        prepare = options.pop("prepare", None)
        if prepare:
            prepare(journal)
        lab = Lab(environment={"SCORM_GATEWAY_TRAFFIC_JOURNAL_PATH": str(journal)}, **options)
        try:
            yield lab, journal
            lab.check_secrecy()
            for path in journal.parent.glob("traffic.sqlite*"):
                content = path.read_bytes()
                for secret in [SECRET, *lab.tokens.tokens]:
                    assert secret.encode() not in content, f"a secret stands in {path.name}"
        except BaseException:
            print(lab.said()[-3000:])
            raise
        finally:
            lab.stop()


def figures(lab):
    written = lab.metric("scorm_gateway_journal_records_written_total")
    return written, lab.metric("scorm_gateway_journal_records_dropped_total")


def settled(lab, patience=20):
    eventually(lambda: lab.metric("scorm_gateway_journal_queue_bytes") == 0, "nothing waits", patience)


def unpack(packed, size):
    """Unpacks a block of the gateway with another implementation of Zstandard."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    room = ctypes.create_string_buffer(size)
    assert zstd.ZSTD_decompress(room, size, packed, len(packed)) == size, "a block cannot be unpacked"
    return room.raw


def lines(journal):
    """The journal's lines: those in blocks, after the calls' numbers, and those that are not in a block yet."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = []
        for count, size, packed in database.execute(
                "SELECT count, size, bytes FROM blocks JOIN contents USING (id) ORDER BY id"):
            content = unpack(packed, size)
            block = content[content.index(b'{"timestamp"'):].splitlines()
            assert len(block) == count, f"{len(block)} lines in a block of {count}"
            found += block
        for count, text in database.execute("SELECT count, lines FROM recent ORDER BY id"):
            part = bytes(text).splitlines()
            assert len(part) == count
            found += part
    return found


def ids(journal):
    return [json.loads(line)["request_id"] for line in lines(journal)]


def call(lab, count):
    for _ in range(count):
        assert lab.call(expect=()).status == 200


def check_all_there(lab, journal):
    """Checks that each call has a line in the log, that written and lost records add up, and that written ones are in
    the file once."""
    lab.check_lines()
    settled(lab)
    logged = {line["request_id"] for line in lab.lines()}
    eventually(lambda: sum(figures(lab)) == len(logged), f"{len(logged)} written or lost, of {figures(lab)}")
    written = lines(journal)
    kept = [json.loads(line)["request_id"] for line in written]
    for line in written:
        for secret in [SECRET, *lab.tokens.tokens]:
            assert secret.encode() not in line, "a secret stands in a line of the journal"
    assert len(kept) == len(set(kept)) == figures(lab)[0], f"{len(kept)} in the file, {figures(lab)} counted"
    assert set(kept) <= logged
    return len(logged) - len(kept)


@row("34", "journal: another program holds the file", lab=False)
def held():
    with journaled() as (lab, journal):
        call(lab, 20)
        settled(lab)
        with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            end = time.monotonic() + HOLD
            slowest = 0.0
            while time.monotonic() < end:
                began = time.monotonic()
                call(lab, 1)
                slowest = max(slowest, time.monotonic() - began)
            assert lab.metric("scorm_gateway_journal_writable") == 0, "metrics tell of it"
            assert lab.metric("scorm_gateway_journal_queue_bytes") > 0
            other.execute("ROLLBACK")
        assert slowest < 1, f"a call took {slowest:.2f} s"
        lost = check_all_there(lab, journal)
        assert lost == 0, f"{lost} lost, with room enough"
        return f"held for {HOLD:g} s, slowest call {slowest * 1000:.0f} ms"


@row("34b", "journal: a damaged file at the start", lab=False)
def damaged():
    def prepare(journal):
        journal.write_bytes(b"SQLite format 3\0" + random.Random(34).randbytes(100_000))

    with journaled(prepare=prepare) as (lab, journal):
        call(lab, 5)
        assert check_all_there(lab, journal) == 0
        assert list(journal.parent.glob("traffic.sqlite.corrupt-*")), "it is set aside"
        assert "a new one was started" in lab.said(), "the operator is told"
        assert lab.metric("scorm_gateway_journal_set_aside_total") == 1


@row("31j", "journal: a full disk", lab=False, needs=["mount"])
def full():
    with small_disk() as folder, journaled(folder=folder) as (lab, journal):
        call(lab, 20)
        settled(lab)
        filler = fill_up(folder)
        # Existing pages of the log are overwritten first, so more than these must be written.
        for _ in range(40):
            call(lab, 10)
            time.sleep(0.03)
            if lab.metric("scorm_gateway_journal_writable") == 0:
                break
        eventually(lambda: lab.metric("scorm_gateway_journal_writable") == 0, "metrics tell of it")
        call(lab, 20)
        filler.unlink()
        lost = check_all_there(lab, journal)
        assert lost == 0, f"{lost} lost, with room enough in memory"
        assert lab.said().count("cannot be written") == 1, "one line a minute"
        lab.end()


@row("32k", "journal: a disk that is full at the start", lab=False, needs=["mount"])
def full_at_start():
    with small_disk() as folder:
        filler = fill_up(folder)
        with journaled(folder=folder) as (lab, journal):
            assert "cannot be opened for now" in lab.said(), "the start says what is wrong"
            call(lab, 20)
            assert lab.metric("scorm_gateway_journal_writable") == 0, "metrics tell of it"
            filler.unlink()
            lost = check_all_there(lab, journal)
            assert lost == 0, f"{lost} lost, with room enough in memory"
            assert lab.metric("scorm_gateway_journal_writable") == 1
            lab.end()


@row("32l", "journal: a read-only disk", lab=False, needs=["mount"])
def read_only():
    with small_disk() as folder:
        with journaled(folder=folder) as (lab, journal):
            call(lab, 20)
            assert check_all_there(lab, journal) == 0
            lab.end()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        try:
            with journaled(folder=folder):
                pass
        except AssertionError as reason:
            assert str(journal) in str(reason) and "Read-only" in str(reason), f"the start says {reason}"
        else:
            raise AssertionError("it starts with a journal that it was told to write and cannot")
        found = subprocess.run([os.environ["GATEWAY"], "traffic", "--journal", journal, "--format", "json"],
                               check=True, capture_output=True, text=True).stdout.splitlines()
        assert len(found) == 20, f"{len(found)} of 20 calls are found in it"


def failing(number, name, injection):
    @row(number, f"journal: {name}", lab=False, needs=["strace"])
    def fails():
        wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", "JOURNAL-wal", "-P", "JOURNAL",
                   "-e", "trace=pwrite64,fsync,fdatasync", "-e", f"inject={injection}"]
        with journaled(wrapper=wrapper, is_traced=True) as (lab, journal):
            end = time.monotonic() + 30
            while lab.metric("scorm_gateway_journal_failures_total") < 1:
                assert time.monotonic() < end, "the fault was never met"
                call(lab, 5)
            call(lab, 20)
            lost = check_all_there(lab, journal)
            assert lost == 0, f"{lost} lost, with room enough in memory"
            return f"{lab.metric('scorm_gateway_journal_failures_total'):.0f} failures"


failing("31k", "EIO on write", "pwrite64:error=EIO:when=120..123")
failing("31l", "ENOSPC on write", "pwrite64:error=ENOSPC:when=120..123")
failing("31n", "a disk that becomes read-only", "pwrite64:error=EROFS:when=120..123")


@row("31m", "journal: EIO on fsync", lab=False, needs=["strace"])
def fsync():
    # Files are synchronized when a write-ahead log is begun, and when it is moved into the file.
    def prepare(journal):
        subprocess.run([os.environ["GATEWAY"], "traffic", "import", "/dev/null", "--journal", journal],
                       check=True, stdout=subprocess.DEVNULL)

    wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", "JOURNAL-wal", "-P", "JOURNAL",
               "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=1..3"]
    with journaled(prepare=prepare, wrapper=wrapper, is_traced=True) as (lab, journal):
        call(lab, 50)
        lost = check_all_there(lab, journal)
        assert lost == 0, f"{lost} lost, with room enough in memory"
        assert lab.metric("scorm_gateway_journal_failures_total") > 0, "the fault was never met"
        logged = {line["request_id"] for line in lab.lines()}
        lab.signal(signal.SIGTERM)
        lab.process.wait(20)
        assert set(ids(journal)) == logged, "what was written is there after the end as well"


@row("32j", "journal: EIO on fsync while a new one is opened", lab=False, needs=["strace"])
def fsync_at_start():
    # A new file is synchronized a few times before the first record.
    wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", "JOURNAL-wal", "-P", "JOURNAL",
               "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=1..3"]
    with journaled(wrapper=wrapper, is_traced=True) as (lab, journal):
        assert "cannot be opened for now" in lab.said(), "the start says what is wrong"
        assert lab.metric("scorm_gateway_journal_failures_total") > 0
        call(lab, 50)
        lost = check_all_there(lab, journal)
        assert lost == 0, f"{lost} lost, with room enough in memory"
        assert lab.metric("scorm_gateway_journal_writable") == 1


@row("37j", "journal: SIGKILL at random moments", lab=False)
def killed():
    moments = random.Random(37)
    with journaled() as (lab, journal):
        known, torn, promised = set(), 0, 0
        for _ in range(KILLS):
            stop = threading.Event()
            answered = []

            def load():
                while not stop.is_set():
                    try:
                        answer = lab.call()
                    except (OSError, AssertionError, ValueError):
                        return
                    if answer.status == 200:
                        answered.append((time.monotonic(), answer.fields["x-request-id"]))

            threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(moments.uniform(0.02, 2.4))
            at = time.monotonic()
            lab.signal(signal.SIGKILL)
            stop.set()
            lab.process.wait(10)
            for thread in threads:
                thread.join(30)
            kept = ids(journal)
            assert len(kept) == len(set(kept)), "a record is there twice"
            assert known <= set(kept), "records are gone that were there before"
            old = {request_id for moment, request_id in answered if at - moment > LAST_MOMENTS}
            assert old <= set(kept), f"{len(old - set(kept))} calls are gone that ended {LAST_MOMENTS:g} s before"
            promised += len(old)
            known = set(kept)
            began = time.monotonic()
            lab.start()
            assert time.monotonic() - began < 5, "it starts again at once"
        assert promised > 0, "no call ended early enough to tell"
        text = lab.traffic_log.read_bytes()
        for line in text.split(b"\n")[:-1]:
            try:
                json.loads(line)
            except ValueError:
                torn += 1
        assert torn <= KILLS, f"{torn} torn lines after {KILLS} kills"

        call(lab, 3)
        settled(lab)
        return (f"{KILLS} times, {len(ids(journal))} records, {promised} of them older than {LAST_MOMENTS:g} s, "
                f"{torn} torn lines in the log")
