"""Two prepared data sets held against each other: rows that came, went, moved or changed labels."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Report, Table
from tuneful.core.units import rows
from tuneful.data.dataset import SPLITS
from tuneful.data.rows import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuneful.core.report import Cell
    from tuneful.data.dataset import Dataset
    from tuneful.data.rows import Row

MOST_EXAMPLES = 10
LONGEST = 100
"""Characters of a text that are shown."""
AIMS = ("label", "labels", "rating", "weight")
"""What a row says beside its text."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row of a text stands, and a hash of what it says beside it."""

    split: str
    source_row: int
    aim: bytes


@dataclass
class _Apart:
    """Rows that differ, counted, and the first of them."""

    count: int = 0
    first: list[list[Cell]] = field(default_factory=list[list["Cell"]])

    def add(self, split: str, row: int, text: str, change: str) -> None:
        self.count += 1
        if len(self.first) < MOST_EXAMPLES:
            shown = " ".join(text.split())
            cut = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} …"
            self.first.append([split, row, cut, change])


def compare(one: Dataset, other: Dataset) -> Report:
    """What the second data set has that the first lacks, lacks, or has otherwise.

    Rows are the same where everything but label, rating and weight is. Of several with one text the
    first meets the first. A hash of each row of the first stays in memory.
    """
    left = _places(one)
    apart = {kind: _Apart() for kind in ("added", "removed", "other label", "other split")}
    for split, source_row, row in _rows(other):
        text, key, aim = _parts(row)
        places = left.get(key)
        if not places:
            apart["added"].add(split, source_row, text, "")
            continue
        place = next((p for p in places if p.aim == aim and p.split == split), places[0])
        places.remove(place)
        if place.aim != aim:
            apart["other label"].add(split, source_row, text, f"now {_aim(row)}")
        elif place.split != split:
            apart["other split"].add(split, source_row, text, f"was in {place.split}")
    for split, source_row, row in _rows(one):
        text, key, aim = _parts(row)
        place = _Place(split, source_row, aim)
        if place in left.get(key, ()):
            apart["removed"].add(split, source_row, text, "")
    return _report(one, other, apart)


def _places(data: Dataset) -> dict[bytes, list[_Place]]:
    found: dict[bytes, list[_Place]] = {}
    for split, source_row, row in _rows(data):
        _, key, aim = _parts(row)
        found.setdefault(key, []).append(_Place(split, source_row, aim))
    return found


def _rows(data: Dataset) -> Iterator[tuple[str, int, Row]]:
    from tuneful.data.arrow import row_of

    for split in data.splits:
        for values in data.records(split):
            yield split, int(values["source_row"]), row_of(values, data.row_type)


def _parts(row: Row) -> tuple[str, bytes, bytes]:
    """A row's text to show, a hash of it, and a hash of what else it says."""
    values = to_json(row)
    aim = {name: values.pop(name) for name in AIMS if name in values}
    text = values["text"] if set(values) == {"text"} else json.dumps(values, ensure_ascii=False)
    return str(text), _hash(text), _hash(aim)


def _aim(row: Row) -> str:
    values: dict[str, Any] = to_json(row)
    return ", ".join(f"{name} {values[name]!r}" for name in AIMS if name in values)


def _hash(value: object) -> bytes:
    content = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=12).digest()


def _report(one: Dataset, other: Dataset, apart: dict[str, _Apart]) -> Report:
    counts = {kind: found.count for kind, found in apart.items()}
    tables = [_splits(one, other)]
    if one.labels or other.labels:
        tables.append(_classes(one, other))
    for kind, found in apart.items():
        if found.first:
            columns = ["split", "row", "text", "what"][: 4 if found.first[0][3] else 3]
            lines = [line[: len(columns)] for line in found.first]
            note = f"the first {len(lines)} of {rows(found.count)}"
            tables.append(Table(kind.capitalize(), columns, lines, note=note))
    said = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    title = f"{one.path.name} and {other.path.name}: {said}"
    facts = {"one": str(one.path), "other": str(other.path), **counts}
    return Report(title, tables=tables, facts=facts)


def _splits(one: Dataset, other: Dataset) -> Table:
    lines: list[list[Cell]] = [
        [split, one.num_rows(split), other.num_rows(split),
         other.num_rows(split) - one.num_rows(split)]
        for split in SPLITS
    ]  # fmt: skip
    return Table("Rows", ["split", "first", "second", "change"], lines)


def _classes(one: Dataset, other: Dataset) -> Table:
    """Share of each class among the training rows."""
    shares = [_shares(data) for data in (one, other)]
    names = sorted({name for known in shares for name in known})
    lines: list[list[Cell]] = [
        [name, *(f"{known.get(name, 0.0):.1%}" for known in shares)] for name in names
    ]
    return Table("Classes of training rows", ["class", "first", "second"], lines)


def _shares(data: Dataset) -> dict[str, float]:
    counts: dict[str, int] = data.manifest.get("label_counts", {}).get("train", {})
    return {name: count / max(1, sum(counts.values())) for name, count in counts.items()}
