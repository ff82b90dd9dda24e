"""Paths, and the preparations that every measurement needs."""

import json
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = BENCHMARKS.parent
WORK = BENCHMARKS / "work"
CERTIFICATE = WORK / "certificate.pem"
KEY = WORK / "key.pem"
# For callers with TLS: an authority, and the certificates of proxy and client that it has signed.
CALLERS = WORK / "callers"
CALLERS_CA = CALLERS / "ca.pem"
ORIGIN = WORK / "origin"
FLOOR = WORK / "floor"
RESULTS = WORK / "results.jsonl"

PROXY_CORE = 0
LOAD_CORE = 1
# Higher than everything else on the machine: another process must not use the measured core.
NICENESS = -15
DESCRIPTORS = 45_000

# Where setup unpacks Envoy.
ENVOY = WORK / "envoy" / "envoy" / "_bin" / "envoy"
GATEWAY = pathlib.Path(
    os.environ.get("GATEWAY", REPOSITORY / ".build-release" / "release" / "scorm-gateway"))


class Unusable(Exception):
    """A contender or a tool cannot be used here. The text says why."""


def compile_c(binary, folder, *libraries):
    """Compiles a folder of C into one program if it is missing or outdated."""
    sources = sorted((BENCHMARKS / folder).glob("*.[ch]"))
    newest = max(source.stat().st_mtime for source in sources)
    if binary.exists() and binary.stat().st_mtime >= newest:
        return
    subprocess.run(
        [tool("cc"), "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE",
         *[str(source) for source in sources if source.suffix == ".c"],
         "-o", str(binary), *libraries], check=True)


def prepare():
    """Compiles origin and floor and makes the certificate if they are missing or outdated."""
    WORK.mkdir(exist_ok=True)
    compile_c(ORIGIN, "origin", "-lssl", "-lcrypto")
    compile_c(FLOOR, "floor")
    if not CERTIFICATE.exists():
        subprocess.run(
            [tool("openssl"), "req", "-x509", "-newkey", "ec",
             "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(KEY), "-out", str(CERTIFICATE)],
            check=True, stderr=subprocess.DEVNULL)


def prepare_callers():
    """Makes the authority for callers' certificates and the key pairs of proxy and client if they are missing."""
    if CALLERS_CA.exists():
        return
    CALLERS.mkdir(exist_ok=True)

    def openssl(*arguments):
        subprocess.run([tool("openssl"), *map(str, arguments)], check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("proxy", "client"):
        openssl("req", "-new", *key, "-keyout", CALLERS / f"{name}.key", "-out", CALLERS / f"{name}.csr",
                "-subj", f"/CN={name}", "-addext",
                "subjectAltName=" + ("DNS:localhost,IP:127.0.0.1" if name == "proxy" else "URI:spiffe://bench/client"))
    new = CALLERS / "ca.new"
    openssl("req", "-x509", *key, "-keyout", CALLERS / "ca.key", "-out", new, "-days", "3650", "-subj", "/CN=bench")
    for number, name in enumerate(("proxy", "client"), 1):
        openssl("x509", "-req", "-in", CALLERS / f"{name}.csr", "-CA", new, "-CAkey", CALLERS / "ca.key", "-set_serial",
                number, "-days", "3650", "-copy_extensions", "copy", "-out", CALLERS / f"{name}.pem")
    # HAProxy needs both in one file.
    (CALLERS / "proxy-pair.pem").write_text(
        (CALLERS / "proxy.pem").read_text() + (CALLERS / "proxy.key").read_text())
    new.rename(CALLERS_CA)


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Unusable(f"{name} is not installed (Benchmarks/setup installs it)")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def record(kind, row):
    """Appends a measurement to the results file, with the data that later comparisons need."""
    row = {"kind": kind, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
           "kernel": platform.release(), "processor": processor(), **row}
    with RESULTS.open("a") as results:
        results.write(json.dumps(row) + "\n")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
