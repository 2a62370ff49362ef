"""Reports for a terminal and as Markdown; core.page makes pages of the same words and numbers."""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

from tuneful.core.report import Level
from tuneful.core.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tuneful.core.report import Cell, Finding, Report, Table

BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
COLORS = {Level.ERROR: "\x1b[1;31m", Level.WARNING: "\x1b[1;33m", Level.NOTE: "\x1b[36m"}
GAP = "  "
NARROWEST = 12
WORD = re.compile(r"\[[^\[\]\n]{1,24}\]\S*|\S+")
"""What lines are not broken in: an interval like [88.1, 90.4] is one word."""


def to_terminal(report: Report, *, color: bool, width: int) -> str:
    """A report for a terminal of `width` columns, with ANSI colours or without."""
    paint = _Paint(color)
    parts: list[str] = [paint(BOLD, _wrapped(report.title, width, 0))] if report.title else []
    parts += [finding_to_terminal(f, color=color, width=width) for f in report.findings]
    for table in report.tables:
        lines = [*(_table_lines(table, paint, width))]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def finding_to_terminal(finding: Finding, *, color: bool, width: int) -> str:
    """A finding: its level and title, then what shows it, where, and what to do."""
    paint = _Paint(color)
    word = finding.level.word
    title = _wrapped(finding.title, width, indent=len(word) + 2)
    lines = [f"{paint(COLORS[finding.level], word)}: {title}"]
    for name, text in details_of(finding):
        lines.append(f"  {paint(DIM, f'{name}:'):<{10 + paint.extra}}{_wrapped(text, width, 12)}")
    return "\n".join(lines)


def to_markdown(report: Report) -> str:
    """A report as GitHub's Markdown."""
    lines = [f"# {_plain(report.title)}", ""]
    for finding in report.findings:
        lines.append(f"- **{finding.level.word}**: {_plain(finding.title)}")
        lines += [f"  - {name}: {_plain(text)}" for name, text in details_of(finding)]
    for table in report.tables:
        cells = [[_plain(cell(value)) for value in row] for row in table.rows]
        lines += ["", f"### {_plain(table.title)}", "", _row([_plain(c) for c in table.columns])]
        lines += [_row(["---:" if n else "---" for n in are_numbers(table)])]
        lines += [_row(row) for row in cells]
        lines += ["", _plain(table.note)] if table.note else []
    return "\n".join(lines) + "\n"


def cell(value: Cell) -> str:
    """A cell's text: numbers with four significant digits, nothing as a dash."""
    if value is None:
        return "\u2013"
    if isinstance(value, bool | str):
        return str(value)
    return number(value)


class _Paint:
    """Colours text, or leaves it as it is."""

    def __init__(self, color: bool) -> None:
        self._color = color
        self.extra = len(DIM + PLAIN) if color else 0

    def __call__(self, code: str, text: str) -> str:
        return f"{code}{text}{PLAIN}" if self._color else text


def details_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """What shows a finding, where it is and what to do, each with its name."""
    for name in ("evidence", "where", "fix"):
        text = getattr(finding, name)
        if text:
            yield name, text


def _wrapped(text: str, width: int, indent: int) -> str:
    return ("\n" + " " * indent).join(_broken(text, max(NARROWEST, width - indent)))


def _broken(text: str, room: int) -> list[str]:
    """A text as lines of `room` columns; a word that is longer stays whole."""
    if "\n" not in text and _columns(text) <= room:
        return [text]
    lines = [""]
    for word in _words(text):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _columns(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _words(text: str) -> list[str]:
    return WORD.findall(text) or [""]


def _columns(text: str) -> int:
    """How many columns a terminal gives the text: wide signs take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def are_numbers(table: Table) -> list[bool]:
    """Which columns hold numbers alone."""
    return [
        any(isinstance(row[at], int | float) for row in table.rows)
        and all(row[at] is None or _is_number(row[at]) for row in table.rows)
        for at in range(len(table.columns))
    ]


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table_lines(table: Table, paint: _Paint, width: int) -> Iterator[str]:
    yield paint(BOLD, _wrapped(table.title, width, 0))
    if table.columns:
        yield from _grid(table, paint, width)
    if table.note:
        yield paint(DIM, _wrapped(table.note, width, 0))


def _grid(table: Table, paint: _Paint, width: int) -> Iterator[str]:
    texts = [[cell(value).replace("\n", " ") for value in row] for row in table.rows]
    right = are_numbers(table)
    gaps = len(GAP) * (len(table.columns) - 1)
    widths = _fitted(list(zip(table.columns, *texts, strict=True)), right, width - gaps)
    for line in _side_by_side(table.columns, widths, right):
        yield paint(DIM, line)
    yield paint(DIM, "─" * min(width, sum(widths) + gaps))
    for row in texts:
        yield from _side_by_side(row, widths, right)


def _fitted(columns: Sequence[Sequence[str]], right: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that fill `room` at most: the widest give way, as far as words break."""
    widths = [max(map(_columns, column)) for column in columns]
    least = [
        size if is_right else max(_columns(word) for text in column for word in _words(text))
        for column, size, is_right in zip(columns, widths, right, strict=True)
    ]
    while sum(widths) > room:
        able = [at for at, size in enumerate(widths) if size > least[at]]
        if not able:
            break
        widths[max(able, key=lambda at: (widths[at], at))] -= 1
    return widths


def _side_by_side(
    texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]
) -> Iterator[str]:
    """A row of cells, in as many lines as its longest cell takes."""
    cells = [_broken(text, size) for text, size in zip(texts, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        yield _aligned(parts, widths, right)


def _aligned(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [
        " " * (size - _columns(text)) + text if is_right else text + " " * (size - _columns(text))
        for text, size, is_right in zip(texts, widths, right, strict=True)
    ]
    return GAP.join(cells).rstrip()


def _plain(text: str) -> str:
    """Text that Markdown's tables and lists do not take for their own marks."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
