"""What every check of rows is made of."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuneful.core.report import Finding
from tuneful.data.arrow import pyarrow, read_batches
from tuneful.data.dataset import FOUND
from tuneful.data.divide import NUMBERS
from tuneful.data.strings import texts_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.amounts import Amounts
    from tuneful.data.arrow import Batch
    from tuneful.data.copies.groups import Copies
    from tuneful.data.divide import Rows
    from tuneful.data.scan import Scan
    from tuneful.recipe.schema import Recipe

MOST_SHOWN = 5


@dataclass
class TextFacts:
    """Lengths of the texts that are used, in characters without the spaces around them.

    Attributes:
        num_empty: Texts without a character.
        first_empty: Source rows of the first of them.
        longest: Characters of the longest text.
        longest_row: Its source row.
        total: Characters of all.
    """

    num_rows: int = 0
    num_empty: int = 0
    first_empty: list[int] = field(default_factory=list[int])
    longest: int = 0
    longest_row: int = 0
    total: int = 0

    def add(self, length_N: NDArray[np.int32], row_N: NDArray[np.int64]) -> None:
        """Count more texts in."""
        self.num_rows += len(length_N)
        empty = row_N[length_N == 0].tolist()
        self.num_empty += len(empty)
        self.first_empty += empty[: MOST_SHOWN - len(self.first_empty)]
        self.total += int(length_N.sum())
        if int(length_N.max()) > self.longest:
            self.longest = int(length_N.max())
            self.longest_row = int(row_N[int(length_N.argmax())])


@dataclass(frozen=True)
class Facts:
    """What is known of rows once they are read, grouped and divided.

    Attributes:
        split_N: Where each staged row goes (data.divide).
        folder: Of the data set, in the making.
    """

    recipe: Recipe
    scan: Scan
    rows: Rows
    amounts: Amounts
    copies: Copies
    split_N: NDArray[np.int8]
    folder: Path
    texts: TextFacts = field(default_factory=TextFacts)

    def batches(self) -> Iterator[tuple[Batch, NDArray[np.int64]]]:
        """The rows that are used, with their numbers among the staged ones."""
        import numpy as np

        begin = 0
        for batch in read_batches(self.scan.rows_file):
            is_used = self.split_N[begin : begin + batch.num_rows] > 0
            yield batch.filter(pyarrow().array(is_used)), np.flatnonzero(is_used) + begin
            begin += batch.num_rows

    def strings(self, pattern: str = "") -> Iterator[tuple[int, str]]:
        """Every text of the rows that are used, with the row's number among the staged ones.

        Args:
            pattern: What a text must match somewhere, as RE2 has it; empty: any text.
        """
        for batch, number_N in self.batches():
            for row, text in texts_in(batch, self.scan.row_type, pattern):
                yield int(number_N[row]), text

    def place(self, row: int) -> dict[str, Any]:
        """Where a staged row was read and where it went, for a list."""
        place: dict[str, Any] = {"row": self.scan.source_N[row], "split": self.split_of(row)}
        return place | ({} if row < self.rows.num_main else {"from": "test_source"})

    def split_of(self, row: int) -> str:
        """The split that a staged row goes to."""
        number = int(self.split_N[row])
        return next((split for split, known in NUMBERS.items() if known == number), "none")

    def numbered(self, row: int) -> str:
        """A staged row's number in its source, for a person."""
        test = "" if row < self.rows.num_main else "test source's "
        return f"{test}{self.scan.source_N[row]:,}"

    def listed(self, rows: Sequence[int], total: int) -> str:
        """Staged rows by their numbers in the source: "source rows 3, 17 and 40 more"."""
        shown = ", ".join(self.numbered(row) for row in rows[:MOST_SHOWN])
        more = total - min(len(rows), MOST_SHOWN)
        return f"source rows {shown}" + (f" and {more:,} more" if more > 0 else "")

    def write_list(self, name: str, lines: Iterable[Mapping[str, Any]]) -> str:
        """Write all that a check found as JSON lines, and return the file's name in the folder."""
        path = self.folder / FOUND / f"{name}.jsonl"
        lines = iter(lines)
        first = next(lines, None)
        if first is not None:
            path.parent.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                for line in itertools.chain([first], lines):
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return f"{FOUND}/{path.name}"

    def clean_with(self, step: str) -> Mapping[str, Any]:
        """The change that adds a step to data.clean; none where it is there already."""
        steps = self.recipe.data.model_dump(mode="json")["clean"]
        if any(known["name"] == step for known in steps):
            return {}
        return {"data.clean": [*steps, {"name": step}]}

    @cached_property
    def labels(self) -> dict[str, int]:
        """The classes in alphabetical order, and their numbers in `rows.label_N`."""
        return {name: self.scan.labels[name].number for name in sorted(self.scan.labels)}

    def num_rows(self, split: str) -> int:
        """Rows of a split."""
        return int((self.split_N == NUMBERS[split]).sum())

    @cached_property
    def label_counts(self) -> dict[str, dict[str, int]]:
        """Rows of each class, by split; empty for chats."""
        import numpy as np

        counts: dict[str, dict[str, int]] = {}
        for split, number in NUMBERS.items():
            label_N = self.rows.label_N[self.split_N == number]
            count_C = np.bincount(label_N, minlength=len(self.labels))
            counts[split] = {name: int(count_C[at]) for name, at in self.labels.items()}
        return counts if self.labels else {}


Check = Callable[[Facts], Iterable[Finding]]


def listed(rows: list[int], total: int) -> str:
    """Row numbers for a person: "3, 17, 21 and 40 more"."""
    shown = ", ".join(f"{row:,}" for row in rows[:MOST_SHOWN])
    more = total - min(len(rows), MOST_SHOWN)
    return f"{shown} and {more:,} more" if more > 0 else shown
