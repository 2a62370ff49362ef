"""A prepared data set: a finished folder with rows in Arrow files, read as a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuneful.core.artifact import Artifact
from tuneful.core.errors import DataError
from tuneful.core.report import Report
from tuneful.data.arrow import pyarrow, read_batches, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tuneful.data.rows import Row

SPLITS = ("train", "validation", "test")
REPORT = "report.json"
CARD, PAGE = "README.md", "report.html"
SKIPPED = "skipped.jsonl"
CLEANED = "cleaned.jsonl"
FOUND = "found"
"""A folder with the full list of the rows that a check found."""


@dataclass(frozen=True)
class Dataset(Artifact):
    """Rows of one type in the splits train, validation and test; a split may have no rows.

    Rows stand in their source's order. Beside each row are `source_row`, the number of its row in
    the source from 1, and `group`, which copies of a text share.
    """

    @property
    def row_type(self) -> str:
        """Kind of the rows: a name in data.rows.ROWS."""
        return str(self.manifest["rows"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes or tags in alphabetical order; none for rows without them."""
        return tuple(self.manifest["labels"])

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that have rows."""
        return tuple(split for split in SPLITS if self.num_rows(split))

    def num_rows(self, split: str) -> int:
        """Rows of a split; 0 where there is none."""
        return int(self.manifest["splits"].get(split, 0))

    def file(self, split: str) -> Path:
        """The split's Arrow file."""
        return self.path / "rows" / f"{split}.arrow"

    def rows(self, split: str) -> Iterator[Row]:
        """Every row of a split, in order; one batch of them is in memory at a time."""
        for values in self.records(split):
            yield row_of(values, self.row_type)

    def records(self, split: str) -> Iterator[dict[str, Any]]:
        """Every row of a split as plain values, with `source_row` and `group`."""
        if self.num_rows(split):
            for batch in read_batches(self.file(split)):
                yield from batch.to_pylist()

    def batches(self, split: str, size: int) -> Iterator[list[Row]]:
        """The rows of a split in lists of `size`; the last one may be shorter."""
        waiting: list[Row] = []
        for row in self.rows(split):
            waiting.append(row)
            if len(waiting) == size:
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def row(self, split: str, index: int) -> Row:
        """One row by its number in the split, from 0."""
        return row_of(self.record(split, index), self.row_type)

    def record(self, split: str, index: int) -> dict[str, Any]:
        """One row as plain values, with `source_row` and `group`.

        Raises:
            DataError: The split has no such row.
        """
        if not 0 <= index < self.num_rows(split):
            raise DataError(
                f"The split {split} has no row {index}; it has {self.num_rows(split)}.",
                where=str(self.path),
                fix="Rows count from 0.",
            )
        return self._tables[split].slice(index, 1).to_pylist()[0]

    def report(self) -> Report:
        """What the checks found and what was read, split and left out."""
        text = (self.path / REPORT).read_text(encoding="utf-8")
        return Report.from_json(json.loads(text))

    @cached_property
    def _tables(self) -> dict[str, Any]:
        pa = pyarrow()
        files = {split: pa.memory_map(str(self.file(split))) for split in self.splits}
        return {split: pa.ipc.open_file(file).read_all() for split, file in files.items()}
