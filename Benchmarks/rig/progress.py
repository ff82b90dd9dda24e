"""What is measured at the moment, on standard error, so that tables on standard output stay tables."""

import sys
import time


class Progress:
    """Lines that begin with the time since the start and the part of the whole that is under way."""

    def __init__(self):
        self.began = time.monotonic()
        self.part = ""
        self.left_out = []  # each with its reason

    def minutes(self):
        seconds = int(time.monotonic() - self.began)
        return f"{seconds // 60:2}:{seconds % 60:02}"

    def say(self, text):
        print(f"[{self.minutes()}] {self.part}{text}", file=sys.stderr, flush=True)

    def leave_out(self, name, reason):
        text = f"without {name}: {reason}"
        self.left_out.append(text)
        self.say(text)


progress = Progress()
