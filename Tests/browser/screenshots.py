"""Screenshots of the page for the documents: two, or with `--all` every view in both schemes and three widths, to check
changes of the page."""

import argparse
import pathlib
import time

from chromium import Chromium
from world import World

LARGEST = 200 * 1024


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--all", action="store_true")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with World(history=20) as world, Chromium(1280, 860) as browser:
        world.begin(40)
        world.call("/api/v2/registrations/r-17?learner=ada", caller="reports", method="DELETE", request_id="order-17")
        time.sleep(3)
        browser.open(world.page + "/#now")
        browser.wait("document.querySelectorAll('.chart rect').length > 20")
        time.sleep(4)

        def take(name, hash, width, height, scheme):
            browser.resize(width, height)
            browser.scheme(scheme)
            browser.evaluate(f"location.hash = {hash!r}")
            time.sleep(1.6)
            path = chosen.folder / f"{name}.png"
            browser.picture(path)
            print(path, path.stat().st_size)
            if not chosen.all and path.stat().st_size > LARGEST:
                raise SystemExit(f"{path} is larger than {LARGEST} bytes")

        if chosen.all:
            world.pausing = 1
            for scheme in ("light", "dark"):
                for width in (400, 1024, 1600):
                    for name, hash in (("now", "#now"), ("traffic", "#traffic"), ("call", "#traffic/order-17"),
                                       ("tokens", "#tokens"), ("limits", "#limits"), ("callers", "#callers")):
                        take(f"{name}-{width}-{scheme}", hash, width, 1400 if width < 1000 else 1000, scheme)
        else:
            take("page-now", "#now", 1280, 860, "light")
            take("page-call", "#traffic/order-17", 1280, 860, "dark")


if __name__ == "__main__":
    main()
