"""Runs rows of the fault catalogue: all, or those with the given numbers or names."""

import argparse
import importlib
import json
import pathlib
import re
import sys
import time
import traceback

import rig


def load():
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(path.stem)
    return sorted(rig.ROWS, key=lambda entry: (int(re.match(r"\d+", str(entry[0]))[0]), str(entry[0])))


def matches(wanted, number, name, function):
    return not wanted or any(
        word in (str(number), re.match(r"\d+", str(number))[0], function.__module__)
        or (word in name and not word[0].isdigit()) for word in wanted)


def run(function, options):
    """The outcome of a row, and a note about it."""
    options = dict(options)
    needs, wants_lab = options.pop("needs", ()), options.pop("lab", True)
    try:
        rig.require(*needs)
        if not wants_lab:
            return "pass", function() or ""
        lab = rig.Lab(**options)
        try:
            lab.note_base()
            after = function(lab) or {}
            note = after.pop("note", "")
            lab.check_after(**after)
            return "pass", note
        except BaseException:
            print(lab.said()[-3000:], *lab.lines()[-8:], sep="\n", file=sys.stderr)
            raise
        finally:
            lab.stop()
    except rig.Skipped as reason:
        return "skip", str(reason)
    except (AssertionError, OSError, ValueError) as failure:
        traceback.print_exc()
        return "fail", str(failure) or repr(failure)


def main():
    parser = argparse.ArgumentParser(prog="scripts/fault-test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a row's number, or a part of its name")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--list", action="store_true", help="names the rows and runs none")
    arguments = parser.parse_args()
    results = []
    for number, name, function, options in load():
        if not matches(arguments.names, number, name, function):
            continue
        if arguments.list:
            print(f"{number:>4}  {name}")
            continue
        start = time.monotonic()
        outcome, note = run(function, options)
        seconds = round(time.monotonic() - start, 1)
        results.append({"row": number, "name": name, "outcome": outcome, "seconds": seconds, "note": note})
        if arguments.format == "text":
            print(f"{outcome}  {number:>4}  {name}  ({seconds} s){'  ' + note if note else ''}", flush=True)
    if arguments.list:
        return 0
    counts = {kind: sum(r["outcome"] == kind for r in results) for kind in ("pass", "fail", "skip")}
    if arguments.format == "json":
        json.dump({"rows": results, **counts}, sys.stdout, indent=2)
        print()
    else:
        print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    if not results:
        print("no row has that number or name; --list shows them", file=sys.stderr)
    return 1 if counts["fail"] or not results else 0


if __name__ == "__main__":
    sys.exit(main())
