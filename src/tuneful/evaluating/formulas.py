"""Intervals of means that hold with few rows, and what so many rows can show at all.

Shares: Wilson 1927. Differences of paired shares: Bonett and Price 2012, the adjusted Wald interval
that adds one row to each way of differing. Other means: Student's t, its quantile by the expansion
of Fisher and Cornish 1960.

Shapes: N rows.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from tuneful.evaluating.calibration import wilson
from tuneful.evaluating.interval import COVERAGE, Interval

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Array

POWER = 0.8
"""Chance to see a difference that is there: what "smallest detectable" is said for."""
NORMAL = NormalDist()
Z = NORMAL.inv_cdf(0.5 + COVERAGE / 2)


def mean_interval(value_N: Array, *, is_binary: bool) -> Interval:
    """The mean with its 95 % interval."""
    num_rows, mean = len(value_N), float(value_N.mean())
    if is_binary:
        low, high = wilson(round(mean * num_rows), num_rows)
        # Rounding must not leave a share of 0 or 1 outside of its own interval.
        return Interval(mean, min(mean, low), max(mean, high))
    return _student(value_N)


def paired_interval(tuned_N: Array, base_N: Array, *, is_binary: bool) -> Interval:
    """Mean of tuned minus base on the same rows, with its 95 % interval."""
    apart_N = tuned_N - base_N
    if not is_binary:
        return _student(apart_N)
    num_rows, value = len(apart_N), float(apart_N.mean())
    gained, lost = float((apart_N > 0).sum()), float((apart_N < 0).sum())
    total = num_rows + 2
    middle = (gained - lost) / total
    reach = Z * math.sqrt(max(0.0, (gained + lost + 2) / total - middle**2) / total)
    return Interval(value, max(-1.0, middle - reach), min(1.0, middle + reach))


def _student(value_N: Array) -> Interval:
    mean = float(value_N.mean())
    if len(value_N) < 2:
        return Interval(mean, -math.inf, math.inf)
    reach = student_quantile(0.5 + COVERAGE / 2, len(value_N) - 1)
    reach *= float(value_N.std(ddof=1)) / math.sqrt(len(value_N))
    return Interval(mean, mean - reach, mean + reach)


def student_quantile(share: float, freedom: int) -> float:
    """A quantile of Student's t, to 1 % from 4 degrees of freedom on and wider below.

    >>> round(student_quantile(0.975, 10), 2)
    2.23
    """
    z = NORMAL.inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom ** (at + 1) for at, term in enumerate(terms))


def detectable(spread: float, weight: float, num_tests: int) -> float:
    """The smallest true difference that is found four times in five, among so many tests.

    Args:
        spread: Standard deviation of a row's value.
        weight: Sum of one over the rows of each side that is compared.
        num_tests: Tests among which one must stand out (Bonferroni, Holm's first step).
    """
    alpha = (1 - COVERAGE) / max(1, num_tests)
    return (NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(POWER)) * spread * math.sqrt(weight)
