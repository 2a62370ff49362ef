"""How sure an audit is: resampled sums, bounds at any level, shares of few rows.

Shapes: N rows, K numbers of a row, R resamples.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from tuneful.evaluating.bootstrap import row_counts
from tuneful.evaluating.calibration import wilson
from tuneful.evaluating.interval import COVERAGE, Interval

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Array

WRONG = 1 - COVERAGE


def resampled(values_NK: Array, resamples: int, seed: int) -> Array:
    """Sums over rows that are drawn with replacement, the same rows for every column: [R, K]."""
    import numpy as np

    rng = np.random.default_rng([seed, 0xA0D17])
    drawn = row_counts(rng, len(values_NK), resamples)
    return np.concatenate([counts_RN @ values_NK for counts_RN in drawn])


def bounds(value: float, drawn_R: Array, comparisons: int = 1) -> Interval:
    """The 95 % percentile interval; of several comparisons one that holds for all (Bonferroni).

    Resamples without a value (nan: a group that was not drawn) are left out.
    """
    import numpy as np

    edge = 100 * WRONG / 2 / max(1, comparisons)
    known_R = drawn_R[np.isfinite(drawn_R)]
    if not len(known_R):
        return Interval(value, -np.inf, np.inf)
    low, high = np.percentile(known_R, [edge, 100 - edge])
    return Interval(value, min(float(low), value), max(float(high), value))


def share(hits: int, total: int, comparisons: int = 1) -> Interval:
    """A share of rows with its score interval (Wilson 1927), which holds where none or all hit.

    >>> [round(number, 3) for number in vars(share(0, 20)).values()]
    [0.0, 0.0, 0.161]
    """
    if not total:
        return Interval(0.0, 0.0, 1.0)
    z = NormalDist().inv_cdf(1 - WRONG / 2 / max(1, comparisons))
    return Interval(hits / total, *wilson(hits, total, z))


def beyond(interval: Interval, tolerance: float) -> bool:
    """Whether the whole interval lies farther from zero than what is let pass."""
    return interval.low > tolerance or interval.high < -tolerance
