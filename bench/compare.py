#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says what became worse since the committed figures, of what can be compared.

    compare.py FIGURES COMMITTED [--keep]

FIGURES is build/bench.jsonl, whose newest run is compared with the lines of
COMMITTED; --keep puts that run in their place. Compared are ratios between
contenders of one run, named WHAT_to_WHOM, since these depend little on the
machine. A ratio of rates is better when it is higher, any other one when it is
lower. Nothing here is a failure: timings tell people, and counters are tests.
"""
import json
import sys
from pathlib import Path

# Turns of quick runs are few, and stray. What is this much worse, and outside
# of what the committed run saw, is worth a look.
WORTH_TELLING = 1.25


def newest_run(path):
    """Its lines, the one that begins it first."""
    lines = Path(path).read_text().splitlines()
    begin = max(i for i, line in enumerate(lines) if line.startswith('{"run"'))
    return [json.loads(line) for line in lines[begin:]]


def ratios(entries):
    """(benchmark, figure, key): the figure's entry. A time more, in round trips,
    is no ratio that can be compared: it may be near zero."""
    found = {}
    for entry in entries:
        for key, value in entry.items():
            if ("_to_" in key and isinstance(value, (int, float))
                    and not key.endswith(("_low", "_high", "_ms"))
                    and not key.startswith("extra_")):
                found[entry["bench"], entry["figure"], key] = entry
    return found


def worsening(key, now, then):
    """How many times worse it is than it was; below 1 it is better."""
    if min(now[key], then[key]) <= 0:
        return 1
    higher_is_better = "rate" in key.split("_")
    ratio = then[key] / now[key] if higher_is_better else now[key] / then[key]
    worst = then.get(key + ("_low" if higher_is_better else "_high"), then[key])
    inside = now[key] >= worst if higher_is_better else now[key] <= worst
    return min(ratio, 1) if inside else ratio


def main():
    figures, committed = sys.argv[1:3]
    run = newest_run(figures)
    if "--keep" in sys.argv[3:]:
        Path(committed).write_text("".join(json.dumps(entry) + "\n" for entry in run))
        print(f"{committed}: {len(run) - 1} figures kept, to be committed")
        return
    if not Path(committed).exists():
        print(f"\nThere is no {committed} to compare with; --keep makes one.")
        return
    kept = [json.loads(line) for line in Path(committed).read_text().splitlines()]
    if run[0]["build"] != kept[0]["build"]:
        print(f"\nThis is a {run[0]['build']} build, and the committed figures are "
              f"those of a {kept[0]['build']} build.")
    ran = {entry["bench"] for entry in run[1:]}
    then = ratios(entry for entry in kept[1:] if entry["bench"] in ran)
    now = ratios(run[1:])
    both = sorted(now.keys() & then.keys())
    worse = [(worsening(key, now[bench, figure, key], then[bench, figure, key]),
              bench, figure, key) for bench, figure, key in both]
    worse = sorted((one for one in worse if one[0] >= WORTH_TELLING), reverse=True)
    print(f"\n{len(both)} ratios compared with {committed}: " +
          (f"{len(worse)} are {WORTH_TELLING} times worse or more" if worse
           else f"none is {WORTH_TELLING} times worse or more"))
    for bench, figure, key in sorted(then.keys() - now.keys()):
        print(f"  not measured now: {bench}, {figure}, {key}")
    for times, bench, figure, key in worse:
        place = bench, figure, key
        print(f"  {times:5.2f} x worse: {bench}, {figure}, {key}: "
              f"{now[place][key]:g}, was {then[place][key]:g}")


main()
