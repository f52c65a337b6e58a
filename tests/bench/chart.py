# SPDX-License-Identifier: MIT
"""The picture of docs/performance.md: a row a workload, a mark a way, its place the ratio to native on a logarithmic axis.

Written by hand as SVG, so that it needs no tool; it follows the reader's light or dark scheme. Used by tests/bench/report.
It must never draw what was not measured.
"""
import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, HEAD = 900, 250, 870, 19, 78
LEAST, GREATEST = 0.8, 128
TICKS = (1, 2, 5, 10, 20, 50, 100)

# Ours in colour, the others in grey, told apart by their shapes.
MARKS = (("proot", "peer", '<path d="M0-5.2L5 4H-5Z"/>'),
         ("fakechroot", "peer", '<path d="M0-5.4L5.4 0L0 5.4L-5.4 0Z"/>'),
         ("bubblewrap", "peer", '<rect x="-4.2" y="-4.2" width="8.4" height="8.4"/>'),
         ("trace", "trace", '<circle r="4.6"/>'),
         ("hybrid", "hybrid", '<circle r="4.6"/>'),
         ("preload", "preload", '<circle r="4.6"/>'))

STYLE = """
text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.soft{fill:#57606a}
.group{font-weight:600}.page{fill:#fff}.grid{stroke:#d8dee4}.one{stroke:#57606a}
.preload{fill:#2a78d6}.hybrid{fill:#0f9d6b}.trace{fill:#e0602a}circle{stroke:#fff;stroke-width:1.2}
.peer{fill:none;stroke:#57606a;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9aa4af}.page{fill:#0d1117}.grid{stroke:#30363d}
.one{stroke:#9aa4af}.preload{fill:#5aa2f5}.hybrid{fill:#3fc796}.trace{fill:#f58b5a}circle{stroke:#0d1117}
.peer{stroke:#b1bac4}}
"""


def place(ratio):
    ratio = min(max(ratio, LEAST), GREATEST)
    return LEFT + (RIGHT - LEFT) * math.log(ratio / LEAST) / math.log(GREATEST / LEAST)


def text(x, y, words, style="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def mark(shape, style, x, y, words):
    title = f"<title>{escape(words)}</title>" if words else ""
    return f'<g class="{style}" transform="translate({x:.1f} {y:.1f})">{title}{shape}</g>'


def legend():
    x, parts = 20, []
    for name, style, shape in reversed(MARKS):
        parts += [mark(shape, style, x, 46, ""), text(x + 10, 50, name)]
        x += 26 + 7 * len(name)
    return parts + [text(x + 4, 50, "| the least that a stop costs")]


def axis(bottom):
    parts = []
    for tick in TICKS:
        x = place(tick)
        style = "one" if tick == 1 else "grid"
        parts += [f'<path class="{style}" d="M{x:.1f} {HEAD}V{bottom}"/>',
                  text(x, HEAD - 6, f"{tick}\u00d7", "soft", "middle"),
                  text(x, bottom + 14, f"{tick}\u00d7", "soft", "middle")]
    return parts


def row(y, name, ratios):
    parts = [text(LEFT - 14, y + 4, name, "", "end")]
    if "stop, 4 calls" in ratios:
        x = place(ratios["stop, 4 calls"])
        parts.append(f'<path class="one" d="M{x:.1f} {y - 7:.1f}v14"/>')
    for way, style, shape in MARKS:
        if way in ratios:
            parts.append(mark(shape, style, place(ratios[way]), y, f"{name}, {way}: {ratios[way]:.2f}"))
    return parts


def draw(title, groups):
    """GROUPS: (heading, [(workload, {way: ratio})])."""
    parts, y = [], HEAD + 4
    for heading, rows in groups:
        y += ROW + 4
        parts.append(text(LEFT - 14, y, heading, "group", "end"))
        for name, ratios in rows:
            y += ROW
            parts += row(y - 4, name, ratios)
    bottom = y + 10
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 26}" width="{WIDTH}" role="img" '
            f'aria-label="{escape(title)}"><style>{STYLE}</style>'
            f'<rect class="page" width="{WIDTH}" height="{bottom + 26}" rx="6"/>')
    return "\n".join([head, text(20, 24, title, "title")] + legend() + axis(bottom) + parts + ["</svg>\n"])
