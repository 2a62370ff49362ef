"""Which rows make a step: a pure function of the step's number, so that resuming needs no state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Order:
    """The rows of every step.

    Each epoch is a fresh permutation drawn from (seed, epoch); the epochs follow each other without
    a gap, so only the last step of the run may have fewer rows.

    Attributes:
        num_rows: Training rows.
        batch_size: Rows of a step.
        epochs: Passes over the rows; the last may be a part.
        seed: Of the permutations.
        repeats: Steps that have the same rows one after the other.
    """

    num_rows: int
    batch_size: int
    epochs: float
    seed: int
    repeats: int = 1

    @property
    def total_rows(self) -> int:
        """Rows seen by the whole run."""
        return max(1, round(self.num_rows * self.epochs))

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return math.ceil(self.total_rows / self.batch_size) * self.repeats

    def rows(self, step: int) -> list[int]:
        """Row numbers of a step, counted from 0; steps past the end go on into further epochs."""
        first = step // self.repeats * self.batch_size
        last = first + self.batch_size
        if step < self.steps:
            last = min(last, self.total_rows)
        return [row_at(at, self.num_rows, self.seed) for at in range(first, last)]


@dataclass(frozen=True)
class PoissonOrder:
    """Steps that draw every row with the same probability, independently: DP-SGD's sampling.

    Steps differ in size, and one may be empty. A row is seen `epochs` times on average.

    Attributes:
        num_rows: Training rows.
        sample_rate: Probability with which a row is in a step.
        secret: Seed of the draws, which must stay hidden: privacy rests on it.
    """

    num_rows: int
    sample_rate: float
    secret: int

    def rows(self, step: int) -> list[int]:
        """Row numbers of a step, counted from 0."""
        draws = np.random.default_rng([self.secret, step]).random(self.num_rows)
        return [int(row) for row in np.flatnonzero(draws < self.sample_rate)]


def row_at(place: int, num_rows: int, seed: int) -> int:
    """The row at a place of all epochs' permutations, one after the other."""
    return int(_permutation(seed, place // num_rows, num_rows)[place % num_rows])


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, num_rows: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(num_rows)
