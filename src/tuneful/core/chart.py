"""Bars as an SVG that needs no library and no script, in the colours of the page around it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.units import number

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, LABEL, BAR, GAP, TOP = 720, 200, 14, 8, 28
COLORS = ("#2563eb", "#d97706", "#059669")
MOST_BARS = 40
LONGEST = 26
"""Characters of a name."""


@dataclass(frozen=True)
class Bars:
    """Numbers by name, in one series or in several side by side.

    Attributes:
        title: What they are.
        series: What each number of a name is of: train, validation, test.
        values: Name to its numbers, one a series, none below 0; in the order to draw them in.
    """

    title: str
    series: Sequence[str]
    values: Sequence[tuple[str, Sequence[float]]]


def bar_chart(bars: Bars) -> str:
    """Draw horizontal bars; of very many names the first, and how many there are more."""
    shown = bars.values[:MOST_BARS]
    most = max((value for _, values in shown for value in values), default=0.0) or 1.0
    step = len(bars.series) * BAR + GAP
    height = TOP + len(shown) * step + (20 if len(bars.values) > len(shown) else 0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="currentColor">',
        f"<title>{html.escape(bars.title)}</title>",
        *_legend(bars.series),
    ]
    for place, (name, values) in enumerate(shown):
        lines += _group(name, values, TOP + place * step, most)
    if len(bars.values) > len(shown):
        more = len(bars.values) - len(shown)
        lines.append(f'<text x="{LABEL}" y="{height - 4}">and {more:,} more</text>')
    return "\n".join([*lines, "</svg>"])


def _legend(series: Sequence[str]) -> list[str]:
    if len(series) < 2:
        return []
    lines: list[str] = []
    for place, name in enumerate(series):
        x = LABEL + place * 120
        color = COLORS[place % len(COLORS)]
        lines.append(f'<rect x="{x}" y="4" width="12" height="12" fill="{color}"/>')
        lines.append(f'<text x="{x + 18}" y="15">{html.escape(name)}</text>')
    return lines


def _group(name: str, values: Sequence[float], top: int, most: float) -> list[str]:
    """The bars of one name, with the name before and each number behind."""
    cut = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    middle = top + len(values) * BAR / 2 + 4
    lines = [f'<text x="{LABEL - 8}" y="{middle:g}" text-anchor="end">{html.escape(cut)}</text>']
    for place, value in enumerate(values):
        y, width = top + place * BAR, value / most * (WIDTH - LABEL - 80)
        color = COLORS[place % len(COLORS)]
        lines.append(
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{color}"/>'
        )
        text = number(value)
        lines.append(f'<text x="{LABEL + width + 6:.1f}" y="{y + 11}">{text}</text>')
    return lines
