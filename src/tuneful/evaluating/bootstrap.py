"""How sure a measurement is: intervals by resampling rows, a paired test by swapping models.

Rows are resampled for both models at once, so the difference's interval knows what they share.

Shapes: N rows, K statistics, R resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tuneful.evaluating.formulas import Z, mean_interval, paired_interval
from tuneful.evaluating.interval import COVERAGE, Interval
from tuneful.evaluating.metrics.base import Weighed, row_values, values
from tuneful.evaluating.paired import exact_p
from tuneful.planning.power import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from tuneful.evaluating.metrics.base import Array, Metric, Summed

NUMBERS_AT_ONCE = 1 << 21
"""Row counts in memory at a time."""


@dataclass(frozen=True)
class Difference(Interval):
    """Second model minus first.

    Attributes:
        p: Two-sided: how often a difference as large comes by giving each row's two results to the
            models at random.
        test: Which says so: "mcnemar", exact, where rows are right or wrong; else "permutation".
        error: Standard error, by bootstrap.
    """

    p: float
    test: str = "permutation"
    error: float = 0.0

    @property
    def detectable(self) -> float:
        """The smallest difference that such rows show four times of five."""
        return ERRORS * self.error


@dataclass(frozen=True)
class Compared:
    """A metric of two models on the same rows; the first may be missing."""

    tuned: Interval
    base: Interval | None = None
    difference: Difference | None = None


def compare(
    metric: Metric, tuned_NK: Array, base_NK: Array | None, resamples: int, seed: int = 0
) -> Compared:
    """Percentile bootstrap (Efron and Tibshirani 1993) of both models and of their difference.

    Resamples in which the metric is not defined are left out. Where it is not for the rows
    themselves, value and interval are NaN. Where all rows are right, or all wrong, resamples are
    all alike and know of no doubt: there the interval is Wilson's, and of the difference Bonett and
    Price's (evaluating.formulas).

    Args:
        metric: What the statistics are of.
        tuned_NK: The tuned model's statistics.
        base_NK: The base model's on the same rows.
        resamples: Number of resamples, of the bootstrap and of the test.
        seed: Of the resampling.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0xB007])
    both = [tuned_NK] if base_NK is None else [tuned_NK, base_NK]
    drawn = [
        values_of_both(metric, counts_RN, both)
        for counts_RN in row_counts(rng, len(tuned_NK), resamples)
    ]
    tuned_R, *base = [np.concatenate(parts) for parts in zip(*drawn, strict=True)]
    tuned = interval_of(value_of(metric, tuned_NK), tuned_R)
    shares = _shares(metric, both)
    if base_NK is None:
        return Compared(_doubted(tuned, shares))
    (base_R,) = base
    base = interval_of(value_of(metric, base_NK), base_R)
    apart = interval_of(tuned.value - base.value, tuned_R - base_R)
    error = float(np.nanstd(tuned_R - base_R)) if not math.isnan(apart.value) else math.nan
    if apart.low == apart.high and len(shares) == len(both):
        apart = paired_interval(*shares, is_binary=True)
        error = (apart.high - apart.low) / 2 / Z
    p, test = exact_p(metric, tuned_NK, base_NK), "mcnemar"
    if p is None:
        p, test = _paired_p(metric, tuned_NK, base_NK, rng, resamples), "permutation"
    apart = Difference(apart.value, apart.low, apart.high, p, test, error)
    return Compared(_doubted(tuned, shares[:1]), _doubted(base, shares[1:]), apart)


def _doubted(found: Interval, shares: Sequence[Array]) -> Interval:
    """The interval of a share; not by resamples where those are all alike."""
    is_alike = bool(shares) and found.low == found.high
    return mean_interval(shares[0], is_binary=True) if is_alike else found


def _shares(metric: Metric, both: Sequence[Array]) -> list[Array]:
    """Each model's rows as 1 for right and 0 for wrong; none where the metric is no such share."""
    import numpy as np

    found = row_values(metric, both) if metric.is_share else []
    return found if all(np.isin(one_N, (0.0, 1.0)).all() for one_N in found) else []


def values_of_both(metric: Metric, weights_RN: Array, both: Sequence[Array]) -> list[Array]:
    """The metric of each model in the same resamples: of sums, one product for all."""
    import numpy as np

    if isinstance(metric, Weighed):
        return [metric.weighed(weights_RN, one_NK) for one_NK in both]
    sums_RK = weights_RN @ np.concatenate(both, axis=1)
    num_rows = weights_RN.shape[1]
    parts = np.split(sums_RK, len(both), axis=1)
    return [cast("Summed", metric).combine(part_RK, num_rows) for part_RK in parts]


def value_of(metric: Metric, statistics_NK: Array) -> float:
    """The metric itself; NaN where it is not defined for these rows."""
    import numpy as np

    return float(values(metric, np.ones((1, len(statistics_NK))), statistics_NK)[0])


def interval_of(value: float, drawn_R: Array) -> Interval:
    """A value with the middle 95 % of what resamples gave."""
    import numpy as np

    known_R = drawn_R[~np.isnan(drawn_R)]
    if math.isnan(value) or not len(known_R):
        return Interval(value, math.nan, math.nan)
    edge = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(known_R, [edge, 100 - edge])
    # A metric that is biased in resamples (calibration error) may leave its own value outside.
    return Interval(value, min(float(low), value), max(float(high), value))


def row_counts(rng: Generator, num_rows: int, resamples: int) -> Iterator[NDArray[np.float64]]:
    """How often each row is drawn, for some resamples at a time: [R, N]."""
    import numpy as np

    at_once = max(1, NUMBERS_AT_ONCE // num_rows)
    for begin in range(0, resamples, at_once):
        some = min(at_once, resamples - begin)
        drawn_RN = rng.integers(0, num_rows, size=(some, num_rows), dtype=np.int32)
        drawn_RN += (np.arange(some, dtype=np.int32) * num_rows)[:, None]
        counts = np.bincount(drawn_RN.ravel(), minlength=some * num_rows)
        yield counts.reshape(some, num_rows).astype(np.float64)


def _paired_p(
    metric: Metric, tuned_NK: Array, base_NK: Array, rng: Generator, resamples: int
) -> float:
    import numpy as np

    num_rows = len(tuned_NK)
    seen = abs(value_of(metric, tuned_NK) - value_of(metric, base_NK))
    if math.isnan(seen):
        return math.nan
    at_once = max(1, NUMBERS_AT_ONCE // num_rows)
    as_large = 0
    for begin in range(0, resamples, at_once):
        some = min(at_once, resamples - begin)
        swap_RN = rng.integers(0, 2, size=(some, num_rows), dtype=np.int8)
        one_R, other_R = _swapped(metric, swap_RN, tuned_NK, base_NK)
        apart_R = np.abs(one_R - other_R)
        as_large += int((np.isnan(apart_R) | (apart_R >= seen - 1e-12)).sum())
    return (as_large + 1) / (resamples + 1)


def _swapped(
    metric: Metric, swap_RN: NDArray[np.int8], tuned_NK: Array, base_NK: Array
) -> tuple[Array, Array]:
    """The metric of both models after rows' results have changed places where `swap` is 1."""
    import numpy as np

    if isinstance(metric, Weighed):
        both_MK = np.concatenate([tuned_NK, base_NK])
        moved_RN = swap_RN.astype(np.float64)
        stay_RN = 1 - moved_RN
        one_RM = np.concatenate([stay_RN, moved_RN], axis=1)
        other_RM = np.concatenate([moved_RN, stay_RN], axis=1)
        return metric.weighed(one_RM, both_MK), metric.weighed(other_RM, both_MK)
    moved_RK = swap_RN @ (tuned_NK - base_NK)
    known, num_rows = cast("Summed", metric), len(tuned_NK)
    tuned_1K, base_1K = tuned_NK.sum(axis=0)[None], base_NK.sum(axis=0)[None]
    return (
        known.combine(tuned_1K - moved_RK, num_rows),
        known.combine(base_1K + moved_RK, num_rows),
    )
