"""What every check of rows is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tuneful.core.report import Finding
from tuneful.data.divide import NUMBERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.data.amounts import Amounts
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
    """

    recipe: Recipe
    scan: Scan
    rows: Rows
    amounts: Amounts
    copies: Copies
    split_N: NDArray[np.int8]
    texts: TextFacts = field(default_factory=TextFacts)

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
