"""Drawings of an evaluation's page, as SVG that needs no library and no script."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Facts = Mapping[str, Any]

WIDE, HIGH = 200, 30
"""Of a line of a table."""
SIDE, MARGIN = 320, 44
"""Of the reliability plot."""
EDGE = 8


@dataclass(frozen=True)
class Axis:
    """From the lowest to the highest value that is drawn."""

    low: float
    high: float

    @classmethod
    def of(cls, parts: Sequence[Facts], *, is_share: bool) -> Axis:
        """An axis on which all intervals find room, its ends round."""
        ends = [part[key] for part in parts for key in ("low", "high")]
        known = [end for end in ends if math.isfinite(end)] or [0.0, 1.0]
        low, high = min(known), max(known)
        step = 0.1 if is_share else 10 ** math.floor(math.log10(max(high - low, 1e-9))) / 4
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high if high > low else low + step)

    def at(self, value: float, width: float = WIDE) -> float:
        """Where a value stands, from the left; what is beyond the axis at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return EDGE + share * (width - 2 * EDGE)


def intervals(base: Facts | None, tuned: Facts, axis: Axis, whole: float, title: str) -> str:
    """Base above tuned, each a dot in its interval; a dashed line where all rows stand."""
    x = axis.at(whole)
    parts = [
        f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<path d="M{x:.1f} 0V{HIGH}" stroke="currentColor" opacity=".4" stroke-dasharray="2 3"/>',
    ]
    for part, y, name, radius in ((base, 9, "base", 3.5), (tuned, 21, "tuned", 4.5)):
        if part is not None:
            parts.append(
                f'<g fill="var(--{name})" stroke="var(--{name})"><path stroke-width="2" '
                f'd="M{axis.at(part["low"]):.1f} {y}H{axis.at(part["high"]):.1f}"/>'
                f'<circle cx="{axis.at(part["value"]):.1f}" cy="{y}" r="{radius}"/></g>'
            )
    return "".join([*parts, "</svg>"])


def axis_ends(axis: Axis, *, is_share: bool) -> str:
    """The axis's ends, for the head of the column."""

    def told(value: float) -> str:
        return f"{value * 100:.0f} %" if is_share else f"{value:.3g}"

    ends = f"<span>{told(axis.low)}</span><span>{told(axis.high)}</span>"
    return f'<span class="ends">{ends}</span>'


def reliability_plot(bins: Sequence[Facts]) -> str:
    """How often the model is right by how sure it is; below, how many rows are how sure."""
    total = sum(one["rows"] for one in bins)
    size = SIDE - 2 * MARGIN
    parts = [
        f'<svg viewBox="0 0 {SIDE} {SIDE + 30}" role="img" font-family="sans-serif" '
        'font-size="11" fill="currentColor">',
        f"<title>Share of rows that are right, by confidence, of {total:,} rows</title>",
        f'<path d="M{MARGIN} {MARGIN / 2}v{size}h{size}" fill="none" stroke="currentColor"/>',
        f'<path d="M{MARGIN} {MARGIN / 2 + size}l{size} {-size}" stroke="currentColor" '
        'opacity=".5" stroke-dasharray="4 4"/>',
        *_ticks(size),
    ]
    parts += [_bin(one, size, total) for one in bins]
    return "".join([*parts, "</svg>"])


def _ticks(size: float) -> Iterator[str]:
    bottom = MARGIN / 2 + size
    for share in (0.0, 0.5, 1.0):
        x, y = MARGIN + share * size, bottom - share * size
        yield f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">{share:.0%}</text>'
        yield f'<text x="{MARGIN - 6}" y="{y + 4}" text-anchor="end">{share:.0%}</text>'
    yield f'<text x="{MARGIN + size / 2}" y="{bottom + 28}" text-anchor="middle">confidence</text>'
    yield f'<text x="{MARGIN}" y="12">right</text>'


def _bin(one: Facts, size: float, total: int) -> str:
    """A dot in its interval, and a bar of rows below the axis."""
    bottom = MARGIN / 2 + size
    x, middle = MARGIN + one["confidence"] * size, bottom - one["right"] * size
    low, high = (bottom - one[key] * size for key in ("right_low", "right_high"))
    left, wide = MARGIN + one["from"] * size, (one["to"] - one["from"]) * size
    tall = 32 * one["rows"] / total
    return (
        f'<g fill="var(--tuned)" stroke="var(--tuned)"><title>{one["rows"]:,} rows: sure '
        f"{one['confidence']:.0%}, right {one['right']:.0%}</title>"
        f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="4.5"/>'
        f'<rect x="{left + 1:.1f}" y="{SIDE - 6}" width="{wide - 2:.1f}" '
        f'height="{max(1.0, tall):.1f}" opacity=".55" stroke="none"/></g>'
    )


def parts_bar(parts: Sequence[tuple[str, int, str]]) -> str:
    """One bar of several parts, each with its name and number below.

    Args:
        parts: Name, rows and CSS colour of each.
    """
    total = sum(rows for _, rows, _ in parts) or 1
    drawn = "".join(
        f'<span style="flex:{rows / total:.4f};background:{color}"></span>'
        for _, rows, color in parts
        if rows
    )
    told = "".join(
        f'<li><span class="dot" style="background:{color}"></span>{html.escape(name)} '
        f"<b>{rows:,}</b> ({rows / total:.1%})</li>"
        for name, rows, color in parts
    )
    return f'<div class="bar" aria-hidden="true">{drawn}</div><ul class="key">{told}</ul>'
