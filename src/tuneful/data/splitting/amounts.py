"""How many rows each split gets, out of shares, numbers and data.take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuneful.recipe.data import Data


@dataclass(frozen=True)
class Amounts:
    """Rows of each split.

    Attributes:
        asked: What the recipe asks for by number, by split.
    """

    train: int
    validation: int
    test: int
    asked: dict[str, int]

    @property
    def total(self) -> int:
        """Rows of all splits."""
        return self.train + self.validation + self.test


def settle(data: Data, num_rows: int, num_test_rows: int | None) -> Amounts:
    """Numbers of rows for what the recipe asks.

    A number in data.take comes first, then a number in data.split, then its share: of all rows, or
    where data.take.train is given of the rows that are used. What the source lacks is taken from
    train last.

    Args:
        data: The recipe's section.
        num_rows: Of the source.
        num_test_rows: Of the test source, None without one.
    """
    take, split = data.take, data.split
    validation, validation_share = _wanted(take.validation, split.validation)
    test, test_share = _wanted(take.test, split.test)
    if num_test_rows is not None:
        test, test_share = 0, 0.0
    used = float(num_rows)
    if take.train is not None:
        left = max(1e-9, 1 - validation_share - test_share)
        used = min(used, (take.train + validation + test) / left)
    validation = min(num_rows, validation or int(used * validation_share + 0.5))
    test = min(num_rows - validation, test or int(used * test_share + 0.5))
    left_over = num_rows - validation - test
    train = left_over if take.train is None else min(take.train, left_over)
    if num_test_rows is not None:
        test = min(take.test or num_test_rows, num_test_rows)
    asked = {"train": take.train, "validation": take.validation, "test": take.test}
    return Amounts(train, validation, test, {k: n for k, n in asked.items() if n is not None})


def rows_needed(data: Data) -> int | None:
    """Rows of the source that "order: first" uses, where that is known before reading."""
    if data.take.order != "first" or data.take.train is None:
        return None
    enough = 1 << 60
    amounts = settle(data, enough, 0 if data.test_source else None)
    return amounts.train + amounts.validation + (0 if data.test_source else amounts.test)


def _wanted(take: int | None, split: float) -> tuple[int, float]:
    """A number of rows and a share; one of the two is 0."""
    if take is not None:
        return take, 0.0
    return (int(split), 0.0) if split >= 1 else (0, split)
