"""Reports on standard error what is being measured, so that standard output has only tables."""

import sys
import time


class Progress:
    """Lines that begin with the time since the start and the part that is in progress."""

    def __init__(self):
        self.began = time.monotonic()
        self.part = ""
        self.left_out = []  # each with the reason

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
