"""The instructions of a request by function: callgrind's counts without the start."""

import collections
import re
import shutil
import subprocess

# A cost line begins with a number, a relative number or `*`, which is a source line; the events follow.
COST = re.compile(r"^(?:[+-]?\d+|\*) (\d+)$")
NAME = re.compile(r"^(c?fn)=\((\d+)\)(?: (.*))?$")


def costs(path):
    """Returns instructions by function: its own, and including the functions that it called."""
    names, own, inclusive = {}, collections.Counter(), collections.Counter()
    current = called = None
    is_call = False
    with open(path, errors="replace") as lines:
        for line in lines:
            line = line.rstrip("\n")
            named = NAME.match(line)
            if named:
                kind, number, name = named.groups()
                if name:
                    names[number] = re.sub(r"'\d+$", "", name)
                if kind == "fn":
                    current = number
                else:
                    called = number
            elif line.startswith("calls="):
                is_call = True
            else:
                cost = COST.match(line)
                if not cost or current is None:
                    continue
                count = int(cost[1])
                function = names[current]
                if not is_call:
                    own[function] += count
                    inclusive[function] += count
                elif names[called] != function:
                    inclusive[function] += count
                is_call = False
    return own, inclusive


def demangled(names):
    if not shutil.which("swift-demangle"):
        return {name: name for name in names}
    text = subprocess.run(["swift-demangle", "-compact", "-simplified"], input="\n".join(names),
                          capture_output=True, text=True, check=True).stdout
    return dict(zip(names, text.splitlines()))


def table(short, long, requests, rows):
    """The functions that cost most, in instructions per request. `requests` is the difference between the two runs'
    numbers of requests."""
    own_short, all_short = costs(short)
    own_long, all_long = costs(long)
    per_request = {name: (count - own_short[name]) / requests for name, count in own_long.items()}
    inclusive = {name: (count - all_short[name]) / requests for name, count in all_long.items()}
    names = sorted(per_request, key=lambda name: -per_request[name])[:rows]
    shown = demangled(names)
    lines = [f"  {'own':>7} {'with calls':>10}  function"]
    for name in names:
        if per_request[name] < 1:
            break
        text = re.sub(r"^(generic |function signature |merged |specialized |specialization |of "
                      r"|<[^>]*> )+", "", shown[name])
        lines.append(f"  {per_request[name]:7.0f} {inclusive[name]:10.0f}  {text[:140]}")
    lines.append(f"  {sum(per_request.values()):7.0f} in all")
    return "\n".join(lines)
