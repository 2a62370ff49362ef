"""Intervals for a metric over several trainings: both the test rows and the seeds are chance.

The variance of a mean over seeds has two parts, estimated apart and added: that of the test rows,
by bootstrap of the rows with all seeds kept, and that of the seeds, from the spread of their
values. What seed and row share is in both, so the sum is a little too large rather than too small
(Owen 2007, arXiv:0712.1111). The interval is Student's, with the degrees of freedom of a sum of two
variances (Satterthwaite 1946): with three seeds that differ much, it is wide, as it should be.

Shapes: S seeds, N rows, K statistics, R resamples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneful.evaluating.bootstrap import row_counts, value_of
from tuneful.evaluating.interval import COVERAGE, Interval
from tuneful.evaluating.metrics.base import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.evaluating.metrics.base import Array, Metric

RESAMPLES = 2000
ANGLES = 20_001
"""Points of the integral of Student's density."""


def over_seeds(
    metric: Metric, one_SNK: Sequence[Array], other_SNK: Sequence[Array] = (), seed: int = 0
) -> Interval:
    """The mean over seeds and its 95 % interval; of one minus the other where both are given.

    Args:
        metric: What the statistics are of.
        one_SNK: A model's statistics for each seed.
        other_SNK: Another's, with the same seeds on the same rows.
        seed: Of the resampling.
    """
    import numpy as np

    others = other_SNK or [None] * len(one_SNK)
    pairs = list(zip(one_SNK, others, strict=True))
    value_S = np.array([_value(metric, one, other) for one, other in pairs])
    rng = np.random.default_rng([seed, 0x5EED5])
    num_rows = len(one_SNK[0])
    drawn: list[Array] = []
    for counts_RN in row_counts(rng, num_rows, RESAMPLES):
        value_SR = [_resampled(metric, counts_RN, one, other) for one, other in pairs]
        drawn.append(np.mean(value_SR, axis=0))
    by_rows = float(np.nanvar(np.concatenate(drawn), ddof=1))
    seeds = len(value_S)
    by_seeds = float(value_S.var(ddof=1)) / seeds if seeds > 1 else 0.0
    value, half = float(value_S.mean()), half_width(by_rows, num_rows - 1, by_seeds, seeds - 1)
    return Interval(value, value - half, value + half)


def half_width(by_rows: float, rows_free: int, by_seeds: float, seeds_free: int) -> float:
    """Half of the 95 % interval of a mean with these two variances and degrees of freedom."""
    total = by_rows + by_seeds
    if total <= 0:
        return 0.0
    parts = by_rows**2 / max(rows_free, 1)
    parts += by_seeds**2 / seeds_free if seeds_free > 0 else 0.0
    return t_quantile(total**2 / parts if parts else math.inf) * math.sqrt(total)


def t_quantile(freedom: float, coverage: float = COVERAGE) -> float:
    """What Student's t stays below in size with this probability.

    With t = sqrt(freedom) tan(a) its density is in proportion to cos(a)^(freedom - 1).

    >>> round(t_quantile(2), 2), round(t_quantile(1e5), 2)
    (4.3, 1.96)
    """
    import numpy as np

    angle = np.linspace(0, math.pi / 2, ANGLES)
    if freedom > ANGLES:  # the density is as good as normal, and narrower than two points
        from statistics import NormalDist

        return NormalDist().inv_cdf((1 + coverage) / 2)
    density = np.cos(angle) ** (freedom - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(freedom) * math.tan(float(np.interp(coverage, below / below[-1], angle)))


def _value(metric: Metric, one_NK: Array, other_NK: Array | None) -> float:
    value = value_of(metric, one_NK)
    return value if other_NK is None else value - value_of(metric, other_NK)


def _resampled(metric: Metric, counts_RN: Array, one_NK: Array, other_NK: Array | None) -> Array:
    value_R = values(metric, counts_RN, one_NK)
    if other_NK is None:
        return value_R
    return value_R - values(metric, counts_RN, other_NK)
