"""A store behind links that can be cut: it is in a separate network namespace, with a link to it for each gateway.

`in_namespace` runs a function of a module in a namespace, so that it leaves nothing on the machine, however it ends."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile

from fleet import Store
from peers import eventually
from rig import Skipped

PORT = 6379


def in_namespace(module, function):
    """Runs `function` of the module's file in new network and mount namespaces, and returns its result."""
    if os.geteuid() != 0:
        raise Skipped("network namespaces need root")
    if shutil.which("unshare") is None or subprocess.run(
            ["unshare", "--net", "--mount", "ip", "link", "add", "name", "probe0", "type", "veth"],
            capture_output=True).returncode:
        raise Skipped("network namespaces and links cannot be made here")
    done = subprocess.run(
        ["unshare", "--net", "--mount", sys.executable, module, function], stdout=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AssertionError(f"{function} failed in its namespace: {done.stdout.strip()}")
    return done.stdout.strip()


def main(functions):
    """Runs a function of the module in the namespace."""
    run("ip", "link", "set", "lo", "up")
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write("127.0.0.1 localhost\n")
        for number in range(8):
            hosts.write(f"{LinkedStore.address(number)} {LinkedStore.name(number)}\n")
        hosts.flush()
        run("mount", "--make-rprivate", "/")
        run("mount", "--bind", hosts.name, "/etc/hosts")
        print(functions[sys.argv[1]]() or "")


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


class LinkedStore(Store):
    """A `redis-server` with a link for each gateway."""

    @staticmethod
    def address(number):
        return f"10.9.{number}.2"

    @staticmethod
    def name(number):
        return f"gateway-{number}.store.test"

    @classmethod
    def url(cls, number, scheme="redis"):
        return f"{scheme}://{cls.name(number)}:{PORT}"

    def start(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "redis-server", "--port", str(PORT), "--bind", "0.0.0.0", "--protected-mode", "no",
             "--unixsocket", str(self.socket), "--save", "", "--dir", self.folder, *map(str, self.arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.socket.exists, "the store is there")
        self._inside("ip", "link", "set", "lo", "up")

    def connect(self, number):
        """Makes the link of a gateway."""
        ours, theirs = f"gateway{number}", f"store{number}"
        run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.process.pid)
        run("ip", "address", "add", f"10.9.{number}.1/24", "dev", ours)
        run("ip", "link", "set", ours, "up")
        self._inside("ip", "address", "add", f"{self.address(number)}/24", "dev", theirs)
        self._inside("ip", "link", "set", theirs, "up")

    def _inside(self, *words):
        return run("nsenter", "--target", self.process.pid, "--net", *words)

    def pull(self, number):
        """Cuts the link: everything sent is lost, and neither side is notified."""
        self._inside("ip", "link", "set", f"store{number}", "down")

    def plug(self, number):
        self._inside("ip", "link", "set", f"store{number}", "up")

    def drop(self, chain, number, *match):
        """Drops the packets of a link in one direction (INPUT: to the store, OUTPUT: from it)."""
        side = "-i" if chain == "INPUT" else "-o"
        rule = (chain, side, f"store{number}", *match, "-j", "DROP")
        self._inside("iptables", "-A", *rule)
        return rule

    def pass_on(self, rule):
        self._inside("iptables", "-D", *rule)

    def listeners(self, number):
        """The ports of a gateway's connections that listen for the store's notices."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(b"CLIENT LIST TYPE pubsub\r\nQUIT\r\n")
            text = b""
            while piece := connection.recv(65536):
                text += piece
        mark = f" addr=10.9.{number}.1:"
        return {int(line.split(mark)[1].split()[0]) for line in text.decode().splitlines() if mark in line}

