"""How sure a measurement is: intervals by resampling rows, a paired test by swapping models.

Rows are resampled for both models at once, so the difference's interval knows what they share.

Shapes: N rows, K statistics, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from tuneful.evaluating.metrics.base import Array, Metric

COVERAGE = 0.95
NUMBERS_AT_ONCE = 1 << 21
"""Row counts in memory at a time."""


@dataclass(frozen=True)
class Interval:
    """A measurement with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """Second model minus first.

    Attributes:
        p: Of the paired permutation test, two-sided: how often a difference as large comes by
            giving each row's two results to the models at random.
    """

    p: float


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

    Args:
        metric: What the statistics are of.
        tuned_NK: The tuned model's statistics.
        base_NK: The base model's on the same rows.
        resamples: Number of resamples, of the bootstrap and of the test.
        seed: Of the resampling.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 0xB007])
    num_rows = len(tuned_NK)
    both_NK = tuned_NK if base_NK is None else np.concatenate([tuned_NK, base_NK], axis=1)
    sums_RK = np.concatenate(
        [counts_RN @ both_NK for counts_RN in row_counts(rng, num_rows, resamples)]
    )
    split = tuned_NK.shape[1]
    tuned_R = metric.combine(sums_RK[:, :split], num_rows)
    tuned = _interval(value_of(metric, tuned_NK), tuned_R)
    if base_NK is None:
        return Compared(tuned)
    base_R = metric.combine(sums_RK[:, split:], num_rows)
    base = _interval(value_of(metric, base_NK), base_R)
    apart = _interval(tuned.value - base.value, tuned_R - base_R)
    p = _paired_p(metric, tuned_NK, base_NK, rng, resamples)
    return Compared(tuned, base, Difference(apart.value, apart.low, apart.high, p))


def value_of(metric: Metric, statistics_NK: Array) -> float:
    """The metric itself."""
    return float(metric.combine(statistics_NK.sum(axis=0)[None], len(statistics_NK))[0])


def _interval(value: float, drawn_R: Array) -> Interval:
    import numpy as np

    edge = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(drawn_R, [edge, 100 - edge])
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
    apart_NK = tuned_NK - base_NK
    tuned_1K, base_1K = tuned_NK.sum(axis=0)[None], base_NK.sum(axis=0)[None]
    seen = abs(value_of(metric, tuned_NK) - value_of(metric, base_NK))
    at_once = max(1, NUMBERS_AT_ONCE // num_rows)
    as_large = 0
    for begin in range(0, resamples, at_once):
        some = min(at_once, resamples - begin)
        swapped_RK = rng.integers(0, 2, size=(some, num_rows), dtype=np.int8) @ apart_NK
        one_R = metric.combine(tuned_1K - swapped_RK, num_rows)
        other_R = metric.combine(base_1K + swapped_RK, num_rows)
        as_large += int((np.abs(one_R - other_R) >= seen - 1e-12).sum())
    return (as_large + 1) / (resamples + 1)
