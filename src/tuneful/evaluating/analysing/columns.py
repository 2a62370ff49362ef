"""Columns of the source that rows are not made of: where a row comes from, who wrote it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from tuneful.core.events import ignore
from tuneful.data.reading.filtering import same
from tuneful.data.reading.records import BadRow
from tuneful.data.sources import open_source
from tuneful.evaluating.analysing.facets import MOST_VALUES, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row
    from tuneful.recipe.data import Data

Values = dict[str, Any]
MOST_READ = 200_000
"""Rows of a source that are read to find the test rows in it."""
CHECKED = 20
"""Rows whose text must stand in the source's row."""
TELLING = 0.2
"""A column that names the class of so many more rows than the commonest class does is about it."""


def source_values(asked: Data, data: Dataset, rows: Sequence[Row]) -> list[Values]:
    """Each test row's columns as its source has them; empty where they cannot be found again.

    They cannot where rows were made anew (corrections, cleaning of every text) or where the last of
    them stands after row 200,000.

    Raises:
        DataError: The source is not where it was.
    """
    numbers = [int(record["source_row"]) for record in data.records("test")]
    if len(numbers) != len(rows) or max(numbers, default=0) > MOST_READ:
        return []
    wanted: dict[int, Values] = {number: {} for number in numbers}
    source = open_source(*_reference(asked))
    last = max(numbers)
    for number, record in enumerate(source.read(), start=1):
        if number in wanted and not isinstance(record, BadRow):
            wanted[number] = record.values
        if number >= last:
            break
    found = [wanted[number] for number in numbers]
    return found if _are_same(found, rows) else []


def _reference(asked: Data) -> tuple[str, Any, str]:
    if asked.test_source is not None:
        return asked.test_source, ignore, ""
    return asked.source, ignore, asked.query


def _are_same(found: Sequence[Values], rows: Sequence[Row]) -> bool:
    """Whether the texts are those of the rows, but for what cleaning may have done to a few."""
    checked = list(zip(found[:CHECKED], rows[:CHECKED], strict=True))
    same_ones = sum(
        any(
            isinstance(value, str) and value.strip() == text_of(row).strip() for value in v.values()
        )
        for v, row in checked
    )
    return 2 * same_ones >= len(checked) > 0


def dividing(found: Sequence[Values], truth: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Columns of few values, by name, that do not merely repeat the class.

    Args:
        found: Each row's columns.
        truth: Each row's class; empty where rows have none.
    """
    columns = dict.fromkeys(name for values in found for name in values)
    chosen: dict[str, tuple[str, ...]] = {}
    for name in columns:
        values = [row.get(name) for row in found]
        if any(isinstance(value, list | dict) for value in values):
            continue
        texts = tuple("" if value is None else same(value) for value in values)
        if 1 < len({text for text in texts if text}) <= MOST_VALUES and not (
            truth and _repeats(texts, truth)
        ):
            chosen[name] = texts
    return chosen


def is_about(values: Sequence[str], truth: Sequence[str]) -> bool:
    """Whether a column tells the class of many more rows than guessing would."""
    return bool(truth) and _told(values, truth) - _told([""] * len(truth), truth) > TELLING


def _repeats(values: Sequence[str], truth: Sequence[str]) -> bool:
    return len(set(zip(values, truth, strict=True))) == len(set(truth)) == len(set(values))


def _told(values: Sequence[str], truth: Sequence[str]) -> float:
    """The share of rows that have their value's commonest class."""
    counts: Mapping[str, Counter[str]] = defaultdict(Counter)
    for value, name in zip(values, truth, strict=True):
        counts[value][name] += 1
    return sum(max(known.values()) for known in counts.values()) / max(1, len(truth))
