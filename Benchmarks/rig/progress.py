"""What is measured at the moment, on standard error, so that tables on standard output stay tables."""

import sys
import time


class Progress:
    """Lines that begin with the time since the start and the part of the whole that is under way."""

    def __init__(self):
        self.began = time.monotonic()
        self.part = ""
        self.left_out = {}  # contenders, and why

    def minutes(self):
        seconds = int(time.monotonic() - self.began)
        return f"{seconds // 60:2}:{seconds % 60:02}"

    def say(self, text):
        print(f"[{self.minutes()}] {self.part}{text}", file=sys.stderr, flush=True)

    def leave_out(self, name, reason):
        self.left_out[name] = str(reason)
        self.say(f"without {name}: {reason}")


progress = Progress()
