"""Tables of text: csv and tsv. The first line names the columns."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.data.readers.base import MOST_COLUMNS, TO_UTF8, Lines, empty, opened, too_wide
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.reading.records import Meter

LONGEST_FIELD = 1 << 24
"""Characters. A text of 100k tokens has half a million; a quote that is never closed has no end."""
DELIMITERS = ",;\t|"
QUOTES = 'Put quotes around texts that hold commas, quotes or line ends, and write " in them as ""'


def read_csv(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Comma-separated values, quoted as in RFC 4180; semicolons, tabs and bars are recognised."""
    with opened(path, meter) as file:
        lines = Lines(file, path)
        stream = iter(lines)
        head = next((line for line in stream if line.strip()), None)
        if head is None:
            raise empty(path)
        delimiter = max(DELIMITERS, key=lambda sign: (head.count(sign), sign == ","))
        table = csv.reader(itertools.chain([head], stream), delimiter=delimiter, strict=True)
        yield from _records(table, lines, path, QUOTES)


def read_tsv(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Tab-separated values without quoting: a quote is a character like any other."""
    with opened(path, meter) as file:
        lines = Lines(file, path)
        table = csv.reader(iter(lines), delimiter="\t", quoting=csv.QUOTE_NONE)
        fix = "A tsv file has one row a line and no quoting; save it as csv if texts hold tabs"
        yield from _records(table, lines, path, fix)


def _records(
    table: Iterator[list[str]], lines: Lines, path: Path, fix: str
) -> Iterator[Record | BadRow]:
    csv.field_size_limit(LONGEST_FIELD)
    columns = _columns(table, lines, path)
    name, count, row = path.name, len(columns), 0
    while True:
        begins = lines.number + 1
        try:
            values = next(table, None)
        except csv.Error as error:
            row += 1
            lines.take_problem()
            yield BadRow(f"The row cannot be read as csv: {error}.", fix, name, row, begins)
            continue
        if values is None:
            break
        if not values:
            continue
        row += 1
        if lines.problem:
            yield BadRow(lines.take_problem(), TO_UTF8, name, row, lines.number)
        elif len(values) != count:
            found = f"The row has {len(values):,} columns where the header names {count:,}."
            yield BadRow(found, fix, name, row, lines.number)
        else:
            pairs = zip(columns, values, strict=True)
            yield Record(dict(pairs), name, row, lines.number)


def _columns(table: Iterator[list[str]], lines: Lines, path: Path) -> list[str]:
    try:
        head = next((names for names in table if any(map(str.strip, names))), None)
    except csv.Error as error:
        raise DataError(
            f"The header cannot be read: {error}.", where=str(path), fix=QUOTES
        ) from error
    if head is None:
        raise empty(path)
    if len(head) > MOST_COLUMNS:
        raise too_wide(len(head), path)
    columns = [name.strip() for name in head]
    problem = lines.take_problem()
    if problem:
        raise DataError(problem, where=f"{path}, line {lines.number}", fix=TO_UTF8)
    twice = sorted(name for name, count in Counter(columns).items() if count > 1)
    if twice:
        raise DataError(
            f"The header names a column twice: {', '.join(map(repr, twice))}.",
            where=f"{path}, line {lines.number}",
            fix="Give every column a name of its own. A file without a header needs one.",
        )
    return columns
