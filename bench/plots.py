#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what the benchmarks found, as SVG files that fit light and dark pages.

    plots.py FIGURES FOLDER [--quick]

FIGURES is build/bench.jsonl: a line {"run": TIME, "quick": ...} begins each
run, and the figures behind it belong to it. The newest run of each benchmark is
drawn; quick runs only with --quick. What was not measured is left out.
"""
import json
import math
import sys
from collections import namedtuple
from html import escape
from pathlib import Path

# One bar or point: the p50, and how far a thin line goes (the p99, or None).
Value = namedtuple("Value", "value high", defaults=[None])

# Name in the figures, in the legend, color: readable on white and on black.
OURS, BARE = ("ours", "TaskGraph", "#2f81d7"), ("bare", "bare socket", "#8b949e")
GRPC, CAF = ("grpc", "gRPC", "#d9822b"), ("caf", "CAF", "#a371d0")
GREEN, RED = "#3a9d5d", "#d1586b"

STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.note { font-size: 11px; fill: #57606a }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 } .grid { stroke: #3d444d }
}
</style>"""


class Figures:
    """The newest figures of each benchmark, by benchmark and name."""

    def __init__(self, path, with_quick):
        self.runs, run = {}, {}
        for line in Path(path).read_text().splitlines():
            entry = json.loads(line)
            if "run" in entry:
                run = entry
            elif with_quick or not run.get("quick", True):
                newest, found = self.runs.get(entry["bench"], (None, {}))
                if newest is not run:
                    newest, found = run, {}
                found[entry["figure"]] = entry
                self.runs[entry["bench"]] = (newest, found)

    def of(self, bench):
        return self.runs.get(bench, ({}, {}))[1]

    def note(self, bench):
        run = self.runs[bench][0]
        words = [run.get("run", "")[:10], f'{run.get("cores", "?")} cores', bench]
        return ", ".join(words + (["quick: it says little"] if run["quick"] else []))


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e4:
        return f"{value / 1e3:.3g} k"
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.3g}"


class Picture:
    def __init__(self, width, height, title, note):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{escape(title)}</title>", STYLE]
        self.text(16, 26, title, "title")
        self.text(16, height - 10, note, "note")

    def text(self, x, y, words, kind="", anchor="start", turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        named = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
                          f"{named}{turned}>{escape(str(words))}</text>")

    def line(self, x1, y1, x2, y2, color=None, width=1.5, dash=""):
        look = f'stroke="{color}" stroke-width="{width}"' if color else 'class="grid"'
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" {look}{dashed}/>')

    def box(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" rx="2" fill="{color}"/>')

    def dot(self, x, y, color):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>')

    def legend(self, x, y, entries):
        for label, color in entries:
            self.box(x, y - 10, 12, 12, color)
            self.text(x + 17, y, label)
            x += 40 + 7.2 * len(label)

    def save(self, path):
        path.write_text("\n".join(self.parts + ["</svg>", ""]))


class LogScale:
    """From values to places; marks at powers of ten, or of `base`."""

    def __init__(self, values, begin, end, base=10):
        self.low = math.floor(math.log(min(values), base) + 1e-9)
        self.high = max(math.ceil(math.log(max(values), base) - 1e-9), self.low + 1)
        self.begin, self.end, self.base = begin, end, base

    def __call__(self, value):
        share = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def marks(self):
        return [float(self.base) ** i for i in range(self.low, self.high + 1)]


def bars(path, title, axis, series, groups, note):
    """`series`: (label, color); `groups`: (name, a Value or None for each)."""
    groups = [(name, values) for name, values in groups if any(values)]
    if not groups:
        return
    shown = [i for i in range(len(series)) if any(values[i] for _, values in groups)]
    left, top, thick, gap, width = 210, 66, 17, 16, 860
    rows = sum(sum(1 for value in values if value) for _, values in groups)
    bottom = top + rows * thick + len(groups) * gap
    picture = Picture(width, bottom + 62, title, note)
    if len(series) > 1:
        picture.legend(left, 50, [series[i] for i in shown])
    every = [v for _, values in groups for value in values if value
             for v in value if v]
    scale = LogScale(every, left, width - 90)
    for mark in scale.marks():
        picture.line(scale(mark), top, scale(mark), bottom)
        picture.text(scale(mark), bottom + 16, number(mark), anchor="middle")
    picture.text((left + width - 90) / 2, bottom + 36, axis, anchor="middle")
    y = top
    for name, values in groups:
        y += gap / 2
        count = sum(1 for value in values if value)
        picture.text(left - 10, y + count * thick / 2 + 5, name, anchor="end")
        for (_, color), value in zip(series, values):
            if not value:
                continue
            picture.box(left, y + 2, max(scale(value.value) - left, 1), thick - 4, color)
            end = scale(value.value)
            if value.high and value.high > value.value:
                end = scale(value.high)
                picture.line(scale(value.value), y + thick / 2, end, y + thick / 2, color)
                picture.line(end, y + 4, end, y + thick - 4, color)
            picture.text(end + 6, y + thick - 4, number(value.value))
            y += thick
        y += gap / 2
    picture.save(path)


def lines(path, title, axes, series, panels, note):
    """`series`: (label, color); `panels`: (name, for each series {x: y});
    `axes`: (label of x, base of its scale), then label of y."""
    panels = [(name, curves) for name, curves in panels if any(curves)]
    if not panels:
        return
    (x_label, x_base), y_label = axes
    top, bottom, left, each = 84, 360, 70, 400 if len(panels) > 1 else 690
    width = left + len(panels) * (each + 20) + 20
    picture = Picture(width, bottom + 68, title, note)
    shown = [i for i in range(len(series)) if any(curves[i] for _, curves in panels)]
    picture.legend(left, 50, [series[i] for i in shown])
    xs = sorted({x for _, curves in panels for curve in curves for x in curve})
    ys = LogScale([y for _, curves in panels for curve in curves for y in curve.values()],
                  bottom, top)
    picture.text(20, (top + bottom) / 2, y_label, anchor="middle", turn=-90)
    for index, (name, curves) in enumerate(panels):
        begin = left + index * (each + 20)
        scale = LogScale(xs, begin + 14, begin + each - 14, x_base)
        for mark in ys.marks():
            picture.line(begin, ys(mark), begin + each, ys(mark))
            if index == 0:
                picture.text(begin - 8, ys(mark) + 4, number(mark), anchor="end")
        for x in xs:
            picture.line(scale(x), top, scale(x), bottom)
            picture.text(scale(x), bottom + 17, f"{x:,}", anchor="middle")
        picture.text(begin + each / 2, top - 8, name, anchor="middle")
        picture.text(begin + each / 2, bottom + 38, x_label, anchor="middle")
        for (_, color), curve in zip(series, curves):
            points = sorted(curve.items())
            for (x1, y1), (x2, y2) in zip(points, points[1:]):
                picture.line(scale(x1), ys(y1), scale(x2), ys(y2), color, 2)
            for x, y in points:
                picture.dot(scale(x), ys(y), color)
    picture.save(path)


def p50_p99(entry, name, unit="us", scale=1):
    key = f"{name}_p50_{unit}" if name else f"p50_{unit}"
    if key not in entry:
        return None
    return Value(entry[key] * scale, entry[key.replace("p50", "p99")] * scale)


def draw_requests(figures, folder):
    found, note = figures.of("request_latency"), figures.note("request_latency")
    contenders = [OURS, BARE, GRPC, CAF]
    series = [(label, color) for _, label, color in contenders]
    places = [("two processes, Unix socket", "unix"), ("two processes, TCP", "tcp"),
              ("one process", "one process")]

    def groups(in_flight, value):
        rows = [(label, found.get(f"{place} 16 B, {in_flight} in flight", {}))
                for label, place in places]
        return [(label, [value(entry, name) for name, _, _ in contenders])
                for label, entry in rows]

    bars(folder / "request_latency.svg", "A request of 16 bytes and its answer",
         "µs, bars and numbers are p50, thin lines end at p99 (less is better)", series,
         groups(1, p50_p99), note)
    rate = lambda entry, name: Value(entry[f"{name}_per_second"]) \
        if f"{name}_per_second" in entry else None
    bars(folder / "request_rate.svg", "Requests of 16 bytes, 64 in flight",
         "requests per second (more is better)", series, groups(64, rate), note)


def draw_bulk(figures, folder):
    contenders = [("array", "TaskGraph, Array<float>", OURS[2]),
                  ("vector", "TaskGraph, std::vector<float>", GREEN),
                  BARE, ("grpc", "gRPC, ByteBuffer", GRPC[2])]
    panels = []
    for place, label in (("unix", "Unix socket"), ("tcp", "TCP")):
        curves = [{} for _ in contenders]
        for name, entry in figures.of("bulk_transfer").items():
            words = name.split()
            if words[0] != place:
                continue
            for curve, (key, _, _) in zip(curves, contenders):
                curve[int(words[1])] = entry[f"{key}_GB_per_s"]
        panels.append((label, curves))
    lines(folder / "bulk_transfer.svg", "Floats from process to process",
          (("MiB in one answer", 2), "GB/s (more is better)"),
          [(label, color) for _, label, color in contenders], panels,
          figures.note("bulk_transfer"))


def draw_metas(figures, folder):
    contenders = [OURS, ("bare", "bare socket, a call each", BARE[2]),
                  ("bare_one_call", "bare socket, one call for all", GREEN)]
    curves = [{} for _ in contenders]
    for name, entry in figures.of("meta_fanout").items():
        fan_out = int(name.split()[3])
        for curve, (key, _, _) in zip(curves, contenders):
            curve[fan_out] = entry[f"{key}_p50_us"]
    lines(folder / "meta_fanout.svg", "A meta, until the last neighbor has heard it",
          (("neighbors, in another process", 4), "µs, p50 (less is better)"),
          [(label, color) for _, label, color in contenders], [("", curves)],
          figures.note("meta_fanout"))


def draw_epochs(figures, folder):
    found, note = figures.of("epoch_rounds"), figures.note("epoch_rounds")
    embedded, etcd, write = {}, {}, {}
    for name, entry in found.items():
        words = name.split(" tasks in one process")
        if len(words) == 2 and words[1] in ("", ", etcd"):
            curve = etcd if words[1] else embedded
            curve[int(words[0])] = entry["ours_p50_us"] / 1e3
            if words[1]:
                write[int(words[0])] = entry["etcd_write_p50_us"] / 1e3
    lines(folder / "epochs.svg", "An epoch of all tasks in one process",
          (("tasks", 10), "ms, p50 (less is better)"),
          [("embedded coordinator", OURS[2]), ("etcd", GRPC[2]),
           ("one write to that etcd alone", BARE[2])],
          [("", [embedded, etcd, write])], note)

    mpi = ("openmpi", "OpenMPI Bcast + Reduce", RED)
    groups = []
    for tasks in (15, 31):
        for size in ("4 B", "4 MiB"):
            name = f"a tree of {tasks} tasks, {size}"
            each = found.get(f"{name}, a process each", {})
            one = found.get(f"{name}, one process", {})
            groups.append((f"{tasks} tasks, {size}",
                           [p50_p99(each, "ours", scale=1e-3),
                            p50_p99(one, "ours", scale=1e-3),
                            p50_p99(each, "openmpi", scale=1e-3)]))
    bars(folder / "tree_steps.svg", "A parameter down a tree, and a sum up",
         "ms, bars and numbers are p50, thin lines end at p99 (less is better)",
         [("TaskGraph, a process each", OURS[2]),
          ("TaskGraph, one process", GREEN), mpi[1:]], groups, note)


def draw_takeovers(figures, folder):
    rows = []
    for bench, words, label in (
            ("hot_standby", "kill -9", "kill -9, with a backup"),
            ("hot_standby", "SIGTERM", "SIGTERM, with a backup"),
            ("hot_standby", "SIGSTOP", "SIGSTOP, with a backup"),
            ("recovery_time", "kill -9", "kill -9, begun anew")):
        values = [None, None]
        for name, entry in figures.of(bench).items():
            if name.startswith(words) and "p50_ms" in entry:
                values[name.endswith("etcd")] = p50_p99(entry, "", "ms")
        rows.append((label, values))
    bench = "hot_standby" if figures.of("hot_standby") else "recovery_time"
    bars(folder / "takeovers.svg", "From a failure until the work goes on",
         "ms, bars and numbers are p50, thin lines end at p99 (less is better)",
         [("embedded coordinator", OURS[2]), ("etcd", GRPC[2])], rows,
         figures.note(bench))


def main():
    arguments = [word for word in sys.argv[1:] if word != "--quick"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    figures = Figures(arguments[0], "--quick" in sys.argv)
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    for draw, benches in ((draw_requests, {"request_latency"}),
                          (draw_bulk, {"bulk_transfer"}),
                          (draw_metas, {"meta_fanout"}),
                          (draw_epochs, {"epoch_rounds"}),
                          (draw_takeovers, {"hot_standby", "recovery_time"})):
        if benches & figures.runs.keys():
            draw(figures, folder)
        else:
            print("not measured, so not drawn:", *sorted(benches), file=sys.stderr)


if __name__ == "__main__":
    main()
