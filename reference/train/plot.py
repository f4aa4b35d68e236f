# SPDX-License-Identifier: Apache-2.0
"""Draws the loss curve of a training run (the CSV beside its state) as a small SVG."""

import argparse
import csv
import math
import pathlib

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 280, 50, 36, 14, 14


def smooth(values, span=8):
    """Mean over the last `span` points."""
    return [sum(values[max(0, i - span + 1) : i + 1]) / (i + 1 - max(0, i - span + 1)) for i in range(len(values))]


def svg(rows):
    tokens = [float(r["tokens"]) / 1e6 for r in rows]
    losses = [float(r["loss"]) for r in rows]
    low, high = math.log(min(losses) * 0.9), math.log(max(losses))

    def at(x, y):
        px = LEFT + (WIDTH - LEFT - RIGHT) * x / tokens[-1]
        py = TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log(y)) / (high - low)
        return f"{px:.1f},{py:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    ]
    for mark in (8, 4, 2, 1, 0.5, 0.25, 0.12, 0.06, 0.03):
        if low <= math.log(mark) <= high:
            x, y = at(0, mark).split(",")
            parts.append(
                f'<line x1="{x}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>'
                f'<text x="{LEFT - 6}" y="{float(y) + 4}" text-anchor="end">{mark}</text>'
            )
    for fraction in (0, 0.25, 0.5, 0.75, 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * fraction
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 18}" text-anchor="middle">{tokens[-1] * fraction:.1f}M</text>')
    for values, colour, width in ((losses, "#bcd", 1), (smooth(losses), "#036", 2)):
        line = " ".join(at(x, y) for x, y in zip(tokens, values))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">tokens read</text>'
        f'<text x="{WIDTH - RIGHT}" y="{TOP + 10}" text-anchor="end">loss on the answers, log scale</text></svg>'
    )
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, nargs="?", default=pathlib.Path("models/mini/loss.svg"))
    args = parser.parse_args()
    with open(args.csv, newline="") as f:
        args.out.write_text(svg(list(csv.DictReader(f))))


if __name__ == "__main__":
    main()
