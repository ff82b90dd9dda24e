#!/usr/bin/env python3
"""Simulates a program that takes over and fails at one step. The step is in the file `step` in the same folder."""

import os
import pathlib
import signal
import socket
import sys
import time

HELLO, PREPARE, SETTLE, SERVE = 1, 4, 7, 8
READY, PREPARED = b"\x80", b"\x81"

# The inherited descriptors. Listing them uses one that is closed afterwards.
inherited = [number for number in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{number}")]
(pathlib.Path(sys.argv[0]).parent / "inherited").write_text(" ".join(sorted(inherited)))
step = (pathlib.Path(sys.argv[0]).parent / "step").read_text().strip()
if step == "at once":
    sys.exit(3)
channel = socket.socket(fileno=3)
channel.setblocking(True)


def read_until(kind):
    while True:
        message, *_ = channel.recvmsg(1 << 18, 4096)
        if not message:
            sys.exit(4)
        if message[0] == kind:
            return


read_until(HELLO)
if step == "after the sockets":
    sys.exit(5)
read_until(PREPARE)
if step == "when told all to get ready":
    sys.exit(6)
if step == "killed while it gets ready":
    os.kill(os.getpid(), signal.SIGKILL)
if step == "with nonsense":
    for message in (b"\xff" * 100, b"\x00", PREPARED, b"\x01\x02\x03", b"\x08"):
        channel.send(message)
    sys.exit(7)
if step == "getting ready for ever":
    time.sleep(3600)
channel.send(READY)
if step == "when ready":
    sys.exit(8)
read_until(SETTLE)
if step == "with the state":
    sys.exit(9)
if step == "with the state for ever":
    time.sleep(3600)
channel.send(PREPARED)
read_until(SERVE)
# From here on this process is the gateway.
sys.exit(10)
