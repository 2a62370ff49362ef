"""How far people who rate the same items agree: Krippendorff's alpha, with an interval.

Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". One less the disagreement
        within items by that expected of ratings drawn from all items: 1 is perfect, 0 is chance.
        Items may have any number of ratings; those with fewer than two say nothing. Between
        ordered ratings his distance is that of their mean ranks, between numbers that of the
        numbers, both squared. The interval is a bootstrap over items.

Shapes: I items with two ratings or more, N things said of them, V values that differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tuneful.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Scale = Literal["nominal", "ordinal", "interval"]
"""Names, an order, or numbers whose differences count."""
Rating = str | int | float | None
COVERAGE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True)
class Agreement:
    """How far ratings agree.

    Attributes:
        alpha: 1 where all agree, 0 as by chance, below where they disagree on purpose; None where
            all ratings are the same, for then nothing can be told apart.
        low: Where its 95 % interval begins; None with alpha.
        high: Where it ends.
        num_items: Items with two ratings or more.
        num_ratings: Ratings of these.
        disagreement: Of each item given, in order: how far apart two of its ratings are in the
            mean, by how far apart two of all are; 1 is chance, None where it has fewer than two.
    """

    alpha: float | None
    low: float | None
    high: float | None
    num_items: int
    num_ratings: int
    disagreement: tuple[float | None, ...]


def agreement(
    ratings: Sequence[Sequence[Rating]],
    scale: Scale,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    together: Sequence[int] | None = None,
) -> Agreement:
    """Krippendorff's alpha of what people said of each item.

    Args:
        ratings: Of each item, its ratings in any order; None or NaN where one is missing. Names
            or numbers for "nominal", else numbers.
        scale: What differences between ratings mean.
        resamples: Of the bootstrap; 0 for no interval.
        seed: Of the bootstrap.
        together: Of each item, what it is drawn with: items of one number are drawn together, such
            as the ranks of one ranking. Left out, each by itself.

    Raises:
        DataError: No item has two ratings, or one is a name where the scale is of numbers.

    >>> agreement([["a", "a"], ["b", "b"], ["a", "b"]], "nominal", resamples=0).alpha
    0.4444444444444444
    """
    import numpy as np

    known = [[value for value in item if not _is_missing(value)] for item in ratings]
    if scale != "nominal":
        _check_numbers(known, scale)
    paired = [number for number, item in enumerate(known) if len(item) > 1]
    if not paired:
        raise DataError(
            f"None of {len(known):,} items has two ratings.",
            where="ratings",
            fix="Have some items rated by two people or more.",
        )
    rated = _Rated.of([known[number] for number in paired], scale)
    alpha = rated.alpha(np.ones(len(paired)))
    low = high = None
    if resamples and not np.isnan(alpha):
        drawn = np.array([together[number] if together else number for number in paired])
        low, high = rated.interval(resamples, np.random.default_rng(seed), drawn)
    apart: list[float | None] = [None] * len(known)
    for number, value in zip(paired, rated.apart(), strict=True):
        apart[number] = float(value)
    least = None if np.isnan(alpha) else float(alpha)
    return Agreement(least, low, high, len(paired), int(rated.num_I.sum()), tuple(apart))


def _check_numbers(items: Sequence[Sequence[Rating]], scale: Scale) -> None:
    for number, item in enumerate(items, start=1):
        for value in item:
            if isinstance(value, str):
                raise DataError(
                    f"{value!r} is no number.",
                    where=f"ratings, item {number}",
                    fix=f"An {scale} scale has numbers; take nominal for names.",
                )


def _is_missing(value: Rating) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@dataclass(frozen=True)
class _Rated:
    """Ratings of items that have two or more: what was said of each, and how often.

    Attributes:
        code_N: Which value was said.
        item_N: Of which item.
        times_N: By how many.
        value_V: The values as numbers, ascending; as they come on a nominal scale.
        num_I: Ratings of each item.
    """

    scale: Scale
    code_N: Ints
    item_N: Ints
    times_N: Floats
    value_V: Floats
    num_I: Ints

    @classmethod
    def of(cls, items: Sequence[Sequence[Any]], scale: Scale) -> _Rated:
        import numpy as np

        num_I = np.array([len(item) for item in items], np.int64)
        flat = [value for item in items for value in item]
        known = dict.fromkeys(flat) if scale == "nominal" else sorted(set(flat))
        code = {value: number for number, value in enumerate(known)}
        place = np.repeat(np.arange(len(items)), num_I) * len(code)
        place += np.array([code[value] for value in flat], np.int64)
        said, times = np.unique(place, return_counts=True)
        value_V = np.arange(len(code)) if scale == "nominal" else np.array(list(known))
        item_N, code_N = np.divmod(said, len(code))
        numbers = (times.astype(np.float64), value_V.astype(np.float64))
        return cls(scale, code_N, item_N, *numbers, num_I)

    def alpha(self, weight_I: Floats) -> float:
        """Of items that count so many times; NaN where nothing varies."""
        num = float(weight_I @ self.num_I)
        within_I, all_ = self._apart(weight_I)
        expected = all_ / (num - 1)
        observed = float(weight_I @ (within_I / (self.num_I - 1)))
        return 1 - observed / expected if expected > 0 else float("nan")

    def apart(self) -> Floats:
        """How far apart two ratings of an item are [I], by two of all."""
        import numpy as np

        num = int(self.num_I.sum())
        within_I, all_ = self._apart(np.ones(len(self.num_I)))
        expected = all_ / (num * (num - 1))
        mean_I = within_I / (self.num_I * (self.num_I - 1))
        return mean_I / expected if expected > 0 else mean_I

    def interval(
        self, resamples: int, draw: np.random.Generator, together_I: Ints
    ) -> tuple[float, float]:
        """Between which alpha lies in most resamples of the items, or of items drawn together."""
        import numpy as np

        known, group_I = np.unique(together_I, return_inverse=True)
        size = len(known)
        found = np.array(
            [
                self.alpha(
                    np.bincount(draw.integers(0, size, size), minlength=size)[group_I].astype(float)
                )
                for _ in range(resamples)
            ]
        )
        outside = (1 - COVERAGE) / 2
        low, high = np.nanquantile(found, [outside, 1 - outside])
        return float(low), float(high)

    def _apart(self, weight_I: Floats) -> tuple[Floats, float]:
        """Sums of the distances between all pairs: within each item, and of all ratings."""
        import numpy as np

        size, times_N = len(self.num_I), self.times_N
        weight_N = weight_I[self.item_N] * times_N
        count_V = np.bincount(self.code_N, weight_N, minlength=len(self.value_V))
        if self.scale == "nominal":
            same_I = np.bincount(self.item_N, times_N**2, minlength=size)
            within_I = self.num_I.astype(np.float64) ** 2 - same_I
            return within_I, float(count_V.sum() ** 2 - count_V @ count_V)
        value_V = self.value_V
        if self.scale == "ordinal":
            value_V = np.cumsum(count_V) - count_V / 2
        # Squares of centred values: large numbers would cancel.
        value_V = value_V - (count_V @ value_V) / count_V.sum()
        value_N = value_V[self.code_N]
        sum_I = np.bincount(self.item_N, value_N * times_N, minlength=size)
        square_I = np.bincount(self.item_N, value_N**2 * times_N, minlength=size)
        all_ = count_V.sum() * (count_V @ value_V**2) - (count_V @ value_V) ** 2
        within_I = 2 * (self.num_I * square_I - sum_I**2)
        return within_I.astype(np.float64), float(2 * all_)
