"""Tables of text: csv and tsv. The first line names the columns."""

from __future__ import annotations

import csv
import itertools
import re
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
SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
"""Excel's first line, which is no header."""
AGAIN = "Remove it; it stands there where files were put together"
QUOTES = 'Put quotes around texts that hold commas, quotes or line ends, and write " in them as ""'


def read_csv(path: Path, meter: Meter) -> Iterator[Record | BadRow]:
    """Comma-separated values, quoted as in RFC 4180; semicolons, tabs and bars are recognised."""
    with opened(path, meter) as file:
        lines = Lines(file, path)
        stream = iter(lines)
        head = next((line for line in stream if line.strip()), None)
        if head is None:
            raise empty(path)
        said = SEPARATOR.fullmatch(head.strip())
        head = next(stream, "") if said else head
        likely = max(DELIMITERS, key=lambda sign: (head.count(sign), sign == ","))
        delimiter = said[1] if said else likely
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
            yield BadRow(_said(error, lines.number - begins), fix, name, row, begins)
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
        elif count > 1 and [value.strip().removeprefix("\ufeff") for value in values] == columns:
            yield BadRow("The row is the header once more.", AGAIN, name, row, lines.number)
        else:
            pairs = zip(columns, values, strict=True)
            yield Record(dict(pairs), name, row, lines.number)


def _said(error: csv.Error, more: int) -> str:
    """What is wrong with a row of csv; `more` lines follow its first one."""
    if "field larger" in str(error):
        return (
            f"A text of the row is longer than {LONGEST_FIELD >> 20} Mi characters, over "
            f"{more:,} lines: a quote may not be closed."
        )
    if "unexpected end of data" in str(error):
        return f"A quote in the row is never closed: it takes in the {more:,} lines that follow."
    return f"The row cannot be read as csv: {error}."


def _columns(table: Iterator[list[str]], lines: Lines, path: Path) -> list[str]:
    try:
        head = next((names for names in table if any(map(str.strip, names))), None)
    except csv.Error as error:
        is_mac = "new-line character" in str(error)
        problem = "its lines end in CR alone" if is_mac else str(error)
        fix = "Write line ends as LF: tr '\\r' '\\n' < old.csv > new.csv" if is_mac else QUOTES
        raise DataError(
            f"The header cannot be read: {problem}.", where=str(path), fix=fix
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
