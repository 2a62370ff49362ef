"""What people who rated the same rows say of each other: how far they agree, and where not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.core.errors import DataError
from tuneful.core.report import Finding, Level, Report, Table
from tuneful.core.units import rows
from tuneful.data.agreement import agreement
from tuneful.data.columns.cells import is_list, items_in, json_in
from tuneful.data.reading.records import BadRow, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.report import Cell
    from tuneful.data.agreement import Agreement, Rating, Scale
    from tuneful.data.reading.records import Record, Source

LEAST = 0.667
"""Krippendorff (2004, p. 241): below it ratings tell too little, from 0.8 on they are reliable."""
GOOD = 0.8
TEXTS = ("text", "prompt", "question", "input")
LONGEST = 120
MOST_RATINGS = 30
"""Of a row that are shown."""


@dataclass(frozen=True)
class Rated:
    """A row that people rated: where it stands, what it says, what each of them said."""

    where: str
    row: int
    text: str
    ratings: tuple[Rating, ...]


def agreed(source: Source, columns: Sequence[str], scale: Scale, *, most: int = 10) -> Report:
    """Krippendorff's alpha of a source's ratings, and the rows that people differ on most.

    Args:
        source: Of rows.
        columns: Of the ratings: one for each person, or one that holds a list of them.
        scale: nominal (names), ordinal (an order) or interval (numbers).
        most: Rows to show.

    Raises:
        DataError: A column is missing, a rating is no number, or no row has two ratings.
    """
    known = [_rated(item, columns, scale) for item in source.read()]
    found = agreement([one.ratings for one in known], scale)
    ranked = [
        (value, one)
        for value, one in zip(found.disagreement, known, strict=True)
        if value is not None
    ]
    ranked.sort(key=lambda pair: -pair[0])
    lines: list[list[Cell]] = [
        [one.row, value, _ratings(one), one.text] for value, one in ranked[:most]
    ]
    note = "1: two ratings of the row are as far apart as two of any rows."
    table = Table(
        "Rows that people differ on most", ["row", "disagreement", "ratings", "text"], lines, note
    )
    disputed = sum(value >= 1 for value, _ in ranked)
    facts: dict[str, Any] = {
        "scale": scale,
        "alpha": found.alpha,
        "low": found.low,
        "high": found.high,
        "items": found.num_items,
        "ratings": found.num_ratings,
        "disputed": disputed,
        "most_disputed": [one.row for _, one in ranked[:most]],
    }
    title = f"Agreement on {source.reference}"
    return Report(title, [_finding(found, disputed, len(known))], [_numbers(found), table], facts)


def _rated(item: Record | BadRow, columns: Sequence[str], scale: Scale) -> Rated:
    if isinstance(item, BadRow):
        raise item.error()
    missing = [name for name in columns if name not in item.values]
    if missing:
        raise DataError(
            f"There is no column {missing[0]!r}.",
            where=place(item),
            fix=f"--ratings names columns; there are {', '.join(item.values)}.",
        )
    values = [json_in(item.values[name]) for name in columns]
    if len(values) == 1 and is_list(values[0]):
        values = items_in(values[0])
    ratings = tuple(_rating(value, scale, item) for value in values)
    text = next((str(item.values[name]) for name in TEXTS if item.values.get(name)), "")
    flat = " ".join(text.split())
    return Rated(
        place(item), item.row, flat if len(flat) <= LONGEST else f"{flat[:LONGEST]} …", ratings
    )


def _rating(value: object, scale: Scale, item: Record) -> Rating:
    """One person's word; None where there is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if scale == "nominal":
        return str(value).strip()
    try:
        number = float(str(value))
    except ValueError:
        raise DataError(
            f"The rating {value!r} is no number.",
            where=place(item),
            fix="--scale nominal takes names.",
        ) from None
    return None if math.isnan(number) else number


def _finding(found: Agreement, disputed: int, total: int) -> Finding:
    if found.alpha is None:
        return Finding(
            Level.WARNING,
            "agreement",
            "All ratings are the same: nothing says whether people would agree.",
            fix="Have rows rated that differ.",
        )
    low, high = found.low or 0.0, found.high or 0.0
    words, level, fix = "can be relied on", Level.NOTE, ""
    if found.alpha < GOOD:
        words, level = "allow tentative conclusions", Level.NOTE
    if found.alpha < LEAST:
        words, level = "tell too little one by one", Level.WARNING
        fix = "Use means of several people, leave disputed rows out, or give clearer instructions."
    return Finding(
        level,
        "agreement",
        f"Krippendorff's alpha is {found.alpha:.3f} [{low:.3f}, {high:.3f}]: single ratings "
        f"{words}.",
        evidence=f"{found.num_ratings:,} ratings of {rows(found.num_items)} of {total:,}; 95 % "
        f"interval over rows. On {rows(disputed)} people are as far apart as on any two rows.",
        fix=fix,
    )


def _numbers(found: Agreement) -> Table:
    mean = found.num_ratings / found.num_items
    lines: list[list[Cell]] = [
        ["rows with two ratings or more", found.num_items],
        ["ratings", found.num_ratings],
        ["ratings of a row (mean)", mean],
        ["alpha", found.alpha],
        ["alpha, 95 % interval from", found.low],
        ["alpha, 95 % interval to", found.high],
    ]
    return Table("Ratings", ["what", "value"], lines)


def _ratings(one: Rated) -> str:
    said = [value for value in one.ratings if value is not None]
    numbers = [value for value in said if isinstance(value, int | float)]
    words = sorted(value for value in said if isinstance(value, str))
    shown = " ".join([*(f"{value:g}" for value in sorted(numbers)), *words][:MOST_RATINGS])
    return shown + (" …" if len(said) > MOST_RATINGS else "")
