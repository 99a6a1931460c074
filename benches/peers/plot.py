#!/usr/bin/env python3
"""Draws docs/overload.svg from results/overload.json: latency and goodput against offered load.

    benches/peers/plot.py [OUT.svg]

Plain SVG text, written here: no library, no script inside, readable on light and dark pages.
"""

import math
import sys
from html import escape

from common import ROOT, load_result, say

WIDTH, LEFT, RIGHT = 820, 74, 24
PANELS = {"latency": (86, 300), "goodput": (454, 230)}
HEIGHT = 800
OKTA_WAITS_MS = 3000
SHOWN = ["keyferry", "node", "python"]

LIGHT = {"back": "#ffffff", "ink": "#1f2328", "faint": "#d8dee4", "soft": "#59636e",
         "keyferry": "#0969da", "node": "#1a7f37", "python": "#bc4c00", "limit": "#cf222e"}
DARK = {"back": "#0d1117", "ink": "#e6edf3", "faint": "#30363d", "soft": "#9198a1",
        "keyferry": "#58a6ff", "node": "#3fb950", "python": "#f0883e", "limit": "#ff7b72"}
STROKES = """
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px }
.title { font-size: 16px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round }
.second { stroke-dasharray: 6 4; stroke-width: 1.5 }
.third { stroke-dasharray: 1.5 3.5; stroke-width: 1.5 }
.limit { stroke-width: 1.4; stroke-dasharray: 10 4 }
.ideal { fill: none; stroke-width: 1; stroke-dasharray: 2 3 }
.dot { stroke-width: 1.6 }
.capacity { stroke-width: 1; stroke-dasharray: 3 3; opacity: .8 }
""".strip()


def colours(of):
    """Rules for one kind of page."""
    rules = [f"text {{ fill: {of['ink']} }}", f".back, .dot {{ fill: {of['back']} }}", f".grid {{ stroke: {of['faint']} }}",
             f".axis {{ stroke: {of['ink']} }}", f"text.soft {{ fill: {of['soft']} }}", f".ideal, .sample {{ stroke: {of['soft']} }}",
             f".limit {{ stroke: {of['limit']} }}", f"text.limit-text {{ fill: {of['limit']} }}"]
    return "\n".join(rules + [f".{name} {{ stroke: {of[name]} }}" for name in SHOWN])


def nice(low, high):
    """1, 2 and 5 of every decade between the two."""
    found = []
    for decade in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        found += [digit * 10.0**decade for digit in (1, 2, 5)]
    return [value for value in found if low <= value <= high]


class Panel:
    """A rectangle with its two scales."""

    def __init__(self, name, x, y, logarithmic):
        self.top, self.height = PANELS[name]
        self.low_x, self.high_x = x
        self.low_y, self.high_y = y
        self.logarithmic = logarithmic
        self.bottom = self.top + self.height

    def x(self, value):
        share = math.log(value / self.low_x) / math.log(self.high_x / self.low_x)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        value = min(max(value, self.low_y), self.high_y)
        if self.logarithmic:
            share = math.log(value / self.low_y) / math.log(self.high_y / self.low_y)
        else:
            share = (value - self.low_y) / (self.high_y - self.low_y)
        return self.bottom - share * self.height

    def frame(self, title, unit, ticks, label):
        out = [f'<text class="panel" x="{LEFT}" y="{self.top - 12}">{escape(title)}</text>']
        for value in nice(self.low_x, self.high_x):
            at = self.x(value)
            out.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{self.top}" y2="{self.bottom}"/>')
            out.append(f'<text x="{at:.1f}" y="{self.bottom + 17}" text-anchor="middle">{value:g}</text>')
        for value in ticks:
            at = self.y(value)
            out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{label(value)}</text>')
        middle = self.top + self.height / 2
        out.append(f'<text class="soft" transform="translate(18 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(unit)}</text>')
        out.append(f'<path class="axis" fill="none" d="M{LEFT} {self.top}V{self.bottom}H{WIDTH - RIGHT}"/>')
        out.append(f'<text class="soft" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{self.bottom + 36}" text-anchor="middle">offered sign-ins a second (logarithmic)</text>')
        return out

    def line(self, points, classes):
        path = " ".join(f"{'L' if index else 'M'}{self.x(x):.1f} {self.y(y):.1f}" for index, (x, y) in enumerate(points))
        return f'<path class="line {classes}" d="{path}"/>'

    def dots(self, points, name):
        return [f'<circle class="dot {name}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="2.8"/>' for x, y in points]


def legend(entries):
    """Who has which colour, and what the strokes mean."""
    out, at = [], LEFT
    for entry in entries:
        text = f"{entry['label']}: {entry['capacity']:.0f}/s"
        out.append(f'<line class="line {entry["name"]}" x1="{at:.0f}" x2="{at + 26:.0f}" y1="747" y2="747"/>')
        out.append(f'<text x="{at + 32:.0f}" y="751">{escape(text)}</text>')
        at += 62 + 6.6 * len(text)
    at = LEFT
    for classes, text in (("", "half of the calls"), ("second", "99 of 100"), ("third", "999 of 1,000")):
        out.append(f'<line class="line sample {classes}" x1="{at:.0f}" x2="{at + 26:.0f}" y1="771" y2="771"/>')
        out.append(f'<text x="{at + 32:.0f}" y="775">{text}</text>')
        at += 62 + 6.4 * len(text)
    out.append(f'<line class="ideal" x1="{at:.0f}" x2="{at + 26:.0f}" y1="771" y2="771"/>')
    out.append(f'<text x="{at + 32:.0f}" y="775">all that is offered; upright: capacity</text>')
    return out


def draw(result):
    entries = [entry for name in SHOWN for entry in result["services"] if entry["name"] == name and entry["points"]]
    points = [point for entry in entries for point in entry["points"]]
    offered = [point["offered_per_second"] for point in points]
    x = (min(offered) / 1.15, max(offered) * 1.15)
    fastest = min(point["admitted_ms"]["p50"] or OKTA_WAITS_MS for point in points)
    latency = Panel("latency", x, (10 ** math.floor(math.log10(fastest)), 4000), True)
    most = 1.12 * max(point["goodput"] for point in points)
    goodput = Panel("goodput", x, (0, most), False)
    machine = result["machine"]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title about">',
        '<title id="title">Sign-ins under overload: keyferry and the hooks of Okta\'s guide in Node and Python</title>',
        '<desc id="about">Two panels over the offered load: latency of the calls that were let in, and calls answered rightly and in time. '
        "The figures are in docs/PERFORMANCE.md.</desc>",
        f"<style>\n{STROKES}\n{colours(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{colours(DARK)}\n}}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="{LEFT}" y="28">Sign-ins under overload: from a quarter of capacity to ten times it</text>',
        f'<text class="soft" x="{LEFT}" y="48">PostgreSQL, bcrypt cost 10, {machine["cores"]} cores of {escape(machine["processor"])}, one run</text>',
    ]
    out += latency.frame("Latency of calls that were let in", "milliseconds (logarithmic)", nice(latency.low_y, 3000), lambda value: f"{value:,.0f}")
    at = latency.y(OKTA_WAITS_MS)
    out.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
    out.append(f'<text class="limit-text" x="{LEFT + 8}" y="{at - 6:.1f}">3 s: Okta gives up</text>')
    step = next(step for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000) if most / step <= 8)
    ticks = [step * index for index in range(int(most / step) + 1)]
    out += goodput.frame("Goodput: right answers within 3 s", "sign-ins a second", ticks, lambda value: f"{value:,}")
    steps = [x[0] * (x[1] / x[0]) ** (index / 60) for index in range(61)]
    out.append(f'<path class="ideal" d="M{"L".join(f"{goodput.x(each):.1f} {goodput.y(each):.1f}" for each in steps if each <= most)}"/>')
    for entry in entries:
        name = entry["name"]
        for panel in (latency, goodput):
            at = panel.x(entry["capacity"])
            out.append(f'<line class="{name} capacity" x1="{at:.1f}" x2="{at:.1f}" y1="{panel.top}" y2="{panel.bottom}"/>')
        ordered = sorted(entry["points"], key=lambda point: point["times"])
        for key, classes in (("p999", "third"), ("p99", "second"), ("p50", "")):
            series = [(point["offered_per_second"], min(point["admitted_ms"][key], OKTA_WAITS_MS))
                      for point in ordered if point["admitted_ms"][key] is not None]
            out.append(latency.line(series, f"{name} {classes}".strip()))
        out += latency.dots(series, name)
        series = [(point["offered_per_second"], point["goodput"]) for point in ordered]
        out.append(goodput.line(series, name))
        out += goodput.dots(series, name)
    return "\n".join([*out, *legend(entries), "</svg>"]) + "\n"


def main():
    result = load_result("overload.json")
    if not result:
        sys.exit("results/overload.json is not there: benches/peers/service.py --only overload")
    path = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "docs" / "overload.svg")
    with open(path, "w", encoding="utf-8") as out:
        out.write(draw(result))
    say(f"{path} written")


if __name__ == "__main__":
    main()
