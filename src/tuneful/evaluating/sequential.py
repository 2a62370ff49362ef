"""Intervals that one may look at after every row, and stop when they are clear.

A usual interval that is looked at again and again, until it no longer holds 0, is wrong far more
often than one time of twenty. A confidence sequence holds the truth at all times at once with
probability 95 %, so stopping when it is clear costs nothing but its being wider. This one is the
predictable plug-in empirical Bernstein sequence of Waudby-Smith and Ramdas 2023 (JRSS B,
arXiv:2010.09686, theorem 2): for numbers between 0 and 1 of any distribution, rows in random order.

Shapes: S samples, N rows in the order asked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneful.evaluating.interval import COVERAGE

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Array

LARGEST_BET = 0.5
"""Limits a row's weight: the authors' choice."""


def confidence_sequence(value_SN: Array, error: float = 1 - COVERAGE) -> tuple[Array, Array]:
    """Lower and upper ends of the mean's interval after each row, never wider than before: [S, N].

    Args:
        value_SN: Between 0 and 1.
        error: How likely the mean is outside at some time.
    """
    import numpy as np

    row_N: Array = np.arange(value_SN.shape[1], dtype=np.float64) + 1
    mean_SN = (0.5 + np.cumsum(value_SN, axis=1)) / (row_N + 1)
    spread_SN = (0.25 + np.cumsum((value_SN - mean_SN) ** 2, axis=1)) / (row_N + 1)
    # A row's weight may rest on the rows before it alone.
    wanted_SN = 2 * math.log(2 / error) / (_before(spread_SN, 0.25) * row_N * np.log1p(row_N))
    bet_SN = np.minimum(np.sqrt(wanted_SN), LARGEST_BET)
    miss_SN = 4 * (value_SN - _before(mean_SN, 0.5)) ** 2
    cost_SN = miss_SN * (-np.log1p(-bet_SN) - bet_SN) / 4
    total_SN = np.cumsum(bet_SN, axis=1)
    middle_SN = np.cumsum(bet_SN * value_SN, axis=1) / total_SN
    half_SN = (math.log(2 / error) + np.cumsum(cost_SN, axis=1)) / total_SN
    low_SN = np.maximum.accumulate(np.maximum(0.0, middle_SN - half_SN), axis=1)
    high_SN = np.minimum.accumulate(np.minimum(1.0, middle_SN + half_SN), axis=1)
    return low_SN, high_SN


def difference_sequence(apart_N: Array, error: float = 1 - COVERAGE) -> tuple[Array, Array]:
    """The same of differences between -1 and 1: [N]."""
    low_1N, high_1N = confidence_sequence((apart_N[None] + 1) / 2, error)
    return 2 * low_1N[0] - 1, 2 * high_1N[0] - 1


def _before(value_SN: Array, first: float) -> Array:
    import numpy as np

    shifted_SN = np.roll(value_SN, 1, axis=1)
    shifted_SN[:, 0] = first
    return shifted_SN
