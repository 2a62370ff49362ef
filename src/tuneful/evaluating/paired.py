"""Tests of two models on the same rows, and what becomes of p where there are several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tuneful.evaluating.metrics.base import Mean, Ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tuneful.evaluating.metrics.base import Array, Metric


def mcnemar(mended: int, broken: int) -> float:
    """McNemar's exact test (1947): p, two-sided, of rows that one model alone gets right.

    Were both equally good, each such row would be either's with probability one half.

    >>> round(mcnemar(9, 1), 4)
    0.0215
    """
    both, fewer = mended + broken, min(mended, broken)
    if mended == broken:
        return 1.0
    log_all = math.lgamma(both + 1) - both * math.log(2)
    tail = sum(
        math.exp(log_all - math.lgamma(k + 1) - math.lgamma(both - k + 1)) for k in range(fewer + 1)
    )
    return min(1.0, 2 * tail)


def tests_of(facts: Mapping[str, Any]) -> str:
    """Which tests p is of."""
    apart = [known["difference"] for known in facts["metrics"].values() if known["difference"]]
    kinds = {"mcnemar": "McNemar's exact test", "permutation": "a paired permutation test"}
    return " or ".join(
        kinds[kind] for kind in dict.fromkeys(part.get("test", "permutation") for part in apart)
    )


def exact_p(metric: Metric, tuned_NK: Array, base_NK: Array) -> float | None:
    """What McNemar's test gives where the metric is a share of right rows, else None."""
    if not isinstance(metric, Mean | Ratio):
        return None
    right = [tuned_NK[:, 0], base_NK[:, 0]]
    if not all(((right_N == 0) | (right_N == 1)).all() for right_N in right):
        return None
    if not (tuned_NK[:, 1:] == base_NK[:, 1:]).all():  # not the same rows count
        return None
    apart_N = right[0] - right[1]
    return mcnemar(int((apart_N > 0).sum()), int((apart_N < 0).sum()))


def holm(p_M: Sequence[float]) -> list[float]:
    """Values of p corrected for their number (Holm 1979): one below 0.05 by chance is as rare.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_M)
    highest = 0.0
    for place, number in enumerate(sorted(range(len(p_M)), key=lambda at: p_M[at])):
        highest = max(highest, min(1.0, (len(p_M) - place) * p_M[number]))
        corrected[number] = highest
    return corrected
