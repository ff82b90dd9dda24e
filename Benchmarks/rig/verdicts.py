"""Bounds of a benchmark: prints each with the measured value, and tells whether all of them hold."""


class Verdicts:
    def __init__(self):
        self.holds = True

    def at_most(self, what, value, bound, form="{:.2f}"):
        """A `value` of None was not measured, so the bound does not hold."""
        kept = value is not None and value <= bound
        self.holds = self.holds and kept
        text = "not measured" if value is None else form.format(value)
        print(f"  {what}: {text}, bound {form.format(bound)}: {'holds' if kept else 'MISSED'}", flush=True)
