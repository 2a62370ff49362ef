"""Bars and histograms as HTML that needs no library and no script; they are as wide as the page.

Their colours stand in STYLE, for a light page and a dark one.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.core.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BARS = 40
LONGEST = 48
"""Characters of a name."""
STYLE = """
:root { --one: #3b6fd4; --two: #d9822b; --three: #2f9e77; --track: #8882; }
@media (prefers-color-scheme: dark) {
  :root { --one: #7aa5f5; --two: #f0a860; --three: #66c9a3; }
}
.bars { display: grid; grid-template-columns: minmax(3rem, max-content) 1fr max-content;
  gap: .15rem .75rem; align-items: center; margin: 0; }
.bars dt { text-align: right; overflow-wrap: anywhere; max-width: 16rem; margin: 0; }
.bars .track { background: var(--track); border-radius: .2rem; height: .85rem; }
.bars .track span { display: block; height: 100%; border-radius: .2rem; }
.bars dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.bars .group { margin-top: .35rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 .5rem; font-size: .9rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem;
  margin-right: .4rem; vertical-align: -.05rem; }
.one { background: var(--one); } .two { background: var(--two); }
.three { background: var(--three); }
.columns { display: flex; align-items: flex-end; gap: 2px; height: 9rem;
  border-bottom: 1px solid var(--line, #8884); }
.columns span { flex: 1; min-height: 1px; border-radius: .15rem .15rem 0 0; }
.columns .rest { opacity: .55; }
.axis { display: flex; justify-content: space-between; font-size: .85rem; opacity: .75;
  font-variant-numeric: tabular-nums; }
"""
COLORS = ("one", "two", "three")


@dataclass(frozen=True)
class Bars:
    """Numbers by name, in one series or in several side by side.

    Attributes:
        title: What they are.
        series: What each number of a name is of: train, validation, test.
        values: Name to its numbers, one a series, none below 0; in the order to draw them in.
        notes: What stands behind each name's first number: "12.5 %"; none where empty.
    """

    title: str
    series: Sequence[str]
    values: Sequence[tuple[str, Sequence[float]]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Bin:
    """How many numbers lie from `low` to just below `high`; None: there is no end."""

    low: float
    high: float | None
    count: int


def bar_chart(bars: Bars) -> str:
    """Draw horizontal bars; of very many names the first, and how many there are more."""
    shown = bars.values[:MOST_BARS]
    most = max((value for _, values in shown for value in values), default=0.0) or 1.0
    lines = [*_legend(bars.series), '<dl class="bars">']
    for place, (name, values) in enumerate(shown):
        note = bars.notes[place] if bars.notes else ""
        lines += _group(name, values, most, note)
    lines.append("</dl>")
    if len(bars.values) > len(shown):
        lines.append(f'<p class="aside">and {len(bars.values) - len(shown):,} more</p>')
    return "\n".join(lines)


def histogram(bins: Sequence[Bin], unit: str) -> str:
    """Draw how many numbers lie in each bin, as columns side by side.

    Args:
        bins: In order; the last may have no end.
        unit: Of the numbers, in the plural.
    """
    most = max((one.count for one in bins), default=0) or 1
    lines = ['<div class="columns" role="img" aria-label="histogram">']
    for one in bins:
        title = f"{_span(one)} {unit}: {one.count:,}"
        rest = " rest" if one.high is None else ""
        lines.append(
            f'<span class="one{rest}" style="height:{100 * one.count / most:.2f}%" '
            f'title="{html.escape(title)}"></span>'
        )
    ends = [f"{bins[0].low:,.0f}", f"{bins[len(bins) // 2].low:,.0f}", _end(bins[-1])]
    axis = "".join(f"<span>{text}</span>" for text in ends)
    return "\n".join([*lines, "</div>", f'<div class="axis">{axis}</div>'])


def _span(one: Bin) -> str:
    return f"{one.low:,.0f} and more" if one.high is None else f"{one.low:,.0f} to {one.high:,.0f}"


def _end(last: Bin) -> str:
    return f"{last.low:,.0f} and more" if last.high is None else f"{last.high:,.0f}"


def _legend(series: Sequence[str]) -> list[str]:
    if len(series) < 2:
        return []
    parts = [
        f'<span><i class="{COLORS[place % len(COLORS)]}"></i>{html.escape(name)}</span>'
        for place, name in enumerate(series)
    ]
    return [f'<div class="legend">{"".join(parts)}</div>']


def _group(name: str, values: Sequence[float], most: float, note: str) -> Iterator[str]:
    """The bars of one name, with the name before and each number behind."""
    cut = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    for place, value in enumerate(values):
        label = html.escape(cut) if not place else ""
        group = " group" if len(values) > 1 and not place else ""
        more = f" ({html.escape(note)})" if note and not place else ""
        yield (
            f'<dt class="{group.strip()}">{label}</dt>'
            f'<div class="track{group}"><span class="{COLORS[place % len(COLORS)]}" '
            f'style="width:{100 * value / most:.2f}%"></span></div>'
            f'<dd class="{group.strip()}">{number(value)}{more}</dd>'
        )
