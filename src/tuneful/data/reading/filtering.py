"""data.where: keep the rows whose columns have given values."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tuneful.core.errors import DataError
from tuneful.core.units import rows
from tuneful.data.reading.records import BadRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Value = str | int | float | bool
MOST_VALUES = 8
"""Different values of a column that are remembered, to show what could have been meant."""


class Filter:
    """Passes rows on that have the values, and remembers what the others had."""

    def __init__(self, where: Mapping[str, Value], key: str = "data.where") -> None:
        self._wanted = {column: same(value) for column, value in where.items()}
        self._key = key
        self._seen: dict[str, dict[str, int]] = {column: {} for column in where}
        self._columns: dict[str, None] = {}

    def pass_on(self, items: Iterator[Record | BadRow]) -> Iterator[tuple[int, Record | BadRow]]:
        """The rows that are kept, with their numbers in the source, from 1; bad rows as well."""
        for number, item in enumerate(items, start=1):
            if isinstance(item, BadRow) or not self._wanted or self._fits(item):
                yield number, item

    def refuse_if_unknown(self) -> None:
        """Refuse a column that no row has.

        Raises:
            DataError: A column of data.where is not there.
        """
        for column in self._wanted:
            if self._columns and column not in self._columns:
                close = get_close_matches(column, list(self._columns), n=1)
                hint = f"Did you mean {close[0]!r}? " if close else ""
                raise DataError(
                    f"There is no column {column!r}.",
                    where=f"{self._key}.{column}",
                    fix=f"{hint}The columns are {', '.join(map(repr, self._columns))}.",
                )

    def said(self) -> str:
        """What the rows had instead, for the error that none is left."""
        parts = [
            f"{column!r} is " + ", ".join(f"{value!r} ({rows(n)})" for value, n in seen.items())
            for column, seen in self._seen.items()
            if seen
        ]
        return f" by {self._key}: " + "; ".join(parts) if parts else ""

    def _fits(self, record: Record) -> bool:
        fits = True
        for column, wanted in self._wanted.items():
            if column not in record.values:
                self._columns.update(dict.fromkeys(record.values))
                fits = False
                continue
            value = same(record.values[column])
            if value != wanted:
                fits = False
                seen = self._seen[column]
                if value in seen or len(seen) < MOST_VALUES:
                    seen[value] = seen.get(value, 0) + 1
        return fits


def same(value: object) -> str:
    """Values that mean the same in csv, JSON and YAML as the same text: 1, 1.0 and "1"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
