"""How long texts are: counted as they pass by, and kept as a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SHOWN = 5
"""Rows that are named to a person."""


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
