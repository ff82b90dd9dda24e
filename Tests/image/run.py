"""Runs an image from a folder like a container tool, and checks that it does what docs/operations.md says. Started by
scripts/image-test in separate namespaces, as root.

  python3 Tests/image/run.py ROOT IMAGE-JSON
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

DEADLINE = 20.0
CONFIGURATION = """
listen: [{address: 127.0.0.1:8080}]
upstream: {url: http://127.0.0.1:8090/api/v2}
apps: [{name: main, id: SANDBOX, secret: {file: /run/secrets/scorm}}]
defaultApp: main
"""
LABELS = {
    "org.opencontainers.image.title": r"scorm-gateway",
    "org.opencontainers.image.description": r".{20,}",
    "org.opencontainers.image.licenses": r"Apache-2\.0",
    "org.opencontainers.image.version": r"\d+\.\d+\.\d+",
    "org.opencontainers.image.revision": r"[0-9a-f]{40}(-dirty)?",
    "org.opencontainers.image.created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "org.opencontainers.image.base.name": r"\S+",
}


def check(holds, what):
    if not holds:
        raise SystemExit(f"image: FAILED: {what}")
    print(f"image: {what}")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def prepare(root, user):
    """Makes the mounts of `docker run --read-only -v …`: the root is read-only, and some folders are not from the
    image."""
    configuration, secret = root / "etc/scorm-gateway/gateway.yaml", root / "run/secrets/scorm"
    for file, text in (configuration, CONFIGURATION), (secret, "sandbox-secret\n"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o644)
    os.chown(secret, *user)
    secret.chmod(0o400)
    state = (root / "var/lib/scorm-gateway").stat()
    mount("--bind", str(root), str(root))
    mount("-o", "remount,ro,bind", str(root))
    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "dev"))
    for name, minor in ("null", 3), ("zero", 5), ("random", 8), ("urandom", 9):
        os.mknod(root / "dev" / name, 0o666 | 0o020000, os.makedev(1, minor))
        (root / "dev" / name).chmod(0o666)
    return state


class Container:
    """The image's configuration, and processes that run it."""

    def __init__(self, root, image):
        self.root = root
        self.config = json.loads(image.read_text())["Docker"]["config"]
        self.user = tuple(int(number) for number in self.config["User"].split(":"))
        self.entry = self.config["Entrypoint"]

    def start(self, command, environment=(), **options):
        """Starts a process as the image's user, without capabilities or ways to gain them, and without this machine's
        environment."""
        settings = [*self.config["Env"], *environment]
        return subprocess.Popen(
            ["setpriv", "--no-new-privs", "--inh-caps=-all", "chroot",
             f"--userspec={self.user[0]}:{self.user[1]}", "--groups=", str(self.root), "/usr/bin/env", "-i", "-C",
             self.config["WorkingDir"], *settings, *command],
            stdin=subprocess.DEVNULL, text=True, **options)

    def run(self, command, environment=()):
        process = self.start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return process, process.communicate(timeout=DEADLINE)[0]

    def health(self, environment=()):
        test = self.config["Healthcheck"]["Test"]
        assert test[0] == "CMD", test
        process, output = self.run(test[1:], environment)
        return process.returncode, output.strip()


def eventually(condition, what):
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise SystemExit(f"image: FAILED: not within {DEADLINE:.0f} s: {what}")


def served():
    with urllib.request.urlopen("http://127.0.0.1:8080/api/v2/ping", timeout=10) as answer:
        return answer.status == 200


def check_static(container, state):
    labels = container.config["Labels"]
    for name, form in LABELS.items():
        value = labels.get(name, "")
        check(re.fullmatch(form, value), f"label {name}: {value}")
    check(container.user[0] != 0 and container.user[1] != 0, f"runs as user {container.user[0]}, not as root")
    check((state.st_uid, state.st_gid, state.st_mode & 0o777) == (*container.user, 0o750),
          "/var/lib/scorm-gateway belongs to that user")
    process, output = container.run([*container.entry, "--version"])
    check(process.returncode == 0 and output.startswith("scorm-gateway "), f"the binary runs: {output.strip()}")
    bill = json.loads((container.root / "usr/share/doc/scorm-gateway/sbom.cdx.json").read_text())
    digest = hashlib.sha256((container.root / "usr/local/bin/scorm-gateway").read_bytes()).hexdigest()
    check(bill["metadata"]["component"]["hashes"][0]["content"] == digest, "the bill of materials is this binary's")
    needed = subprocess.run(["chroot", container.root, "/usr/bin/ldd", "/usr/local/bin/scorm-gateway"],
                            capture_output=True, text=True, check=True).stdout
    check("not found" not in needed, f"all {needed.count('=>')} libraries are there")


def check_running(container, environment, admin, writable):
    """Checks that its own health check passes, that a call passes, and that SIGTERM ends it properly."""
    name = f"admin at {admin}" if admin else "admin at its usual address"
    status, output = container.health(environment)
    check(status == 1, f"{name}: unhealthy before the start")
    with tempfile.TemporaryFile("w+") as errors:
        process = container.start(
            [*container.entry, *container.config["Cmd"]], environment, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            eventually(lambda: process.poll() is not None or container.health(environment)[0] == 0, f"{name}: healthy")
            if process.poll() is not None:
                errors.seek(0)
                raise SystemExit(f"image: FAILED: {name}: it ended: {errors.read()}")
            print(f"image: {name}: healthy on a read-only root")
            if admin:
                check(container.health()[0] == 1, f"{name}: nobody answers at the usual one")
            check(served(), f"{name}: a call reaches the simulated SCORM Cloud")
            journal = container.root / "var/lib/scorm-gateway/traffic.sqlite"
            check(journal.exists() == writable, "the journal is kept in the volume" if writable
                  else "without a volume there is no journal, and the rest works")
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            check(re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^NoNewPrivs:\s+1$", status, re.M),
                  "it has no capability")
            process.send_signal(getattr(signal, container.config["StopSignal"]))
            check(process.wait(DEADLINE) == 0, f"{container.config['StopSignal']} ends it with 0")
        finally:
            if process.poll() is None:
                process.kill()


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    root = pathlib.Path(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    container = Container(root, pathlib.Path(sys.argv[2]))
    state = prepare(root, container.user)
    check_static(container, state)
    sandbox = container.start([*container.entry, "sandbox", "--listen", "127.0.0.1:8090"], stdout=subprocess.DEVNULL)
    try:
        check_running(container, (), None, writable=False)
        # The volume, with the owner and mode of the image's folder.
        mount("-t", "tmpfs", "-o", f"uid={state.st_uid},gid={state.st_gid},mode=750", "tmpfs",
              str(root / "var/lib/scorm-gateway"))
        other = "127.0.0.1:9955"
        check_running(container, [f"SCORM_GATEWAY_ADMIN_ADDRESS={other}"], other, writable=True)
    finally:
        sandbox.kill()


main()
