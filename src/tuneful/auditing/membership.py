"""Whether rows that were learned can be told from rows that were not, by what the model says.

Source: Yeom et al. 2018, arXiv:1709.01604 (loss); Shi et al. 2024, arXiv:2310.16789 (min-k%: the
        mean of the least likely tokens); Carlini et al. 2021, arXiv:2012.07805 (loss against an
        untuned model's). The AUC's interval: DeLong, DeLong & Clarke-Pearson 1988.
Shapes: N rows that were learned, M rows that were not, T tokens of a row.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from tuneful.auditing.intervals import WRONG
from tuneful.evaluating.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.evaluating.metrics.base import Array

MIN_K = 0.2
"""Share of a row's tokens: Shi et al.'s own."""
ATTACKS = ("loss", "min-k", "loss beyond base")


def auc(inside_N: Array, outside_M: Array, comparisons: int = 1) -> Interval:
    """How often a learned row has the higher score; one half where nothing tells them apart.

    >>> import numpy as np
    >>> auc(np.array([3.0, 2.0]), np.array([1.0, 2.0])).value
    0.875
    """
    import numpy as np

    def placed(own: Array, others: Array) -> Array:
        """For each score the share of the others below it; equal ones count half."""
        order = np.sort(others)
        below = np.searchsorted(order, own, "left") + np.searchsorted(order, own, "right")
        return below / (2 * len(others))

    inside, outside = placed(inside_N, outside_M), 1 - placed(outside_M, inside_N)
    value = float(inside.mean())
    spread = sum(float(part.var(ddof=1)) / len(part) for part in (inside, outside))
    half = NormalDist().inv_cdf(1 - WRONG / 2 / max(1, comparisons)) * spread**0.5
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def signs(logps: Sequence[Array], base: Sequence[Array] | None) -> dict[str, Array]:
    """What each attack goes by, higher for rows that seem known.

    Args:
        logps: Log p of each row's tokens.
        base: By the untuned model, where it reads the same tokens.
    """
    import numpy as np

    mean = np.array([row.mean() for row in logps])
    found = {"loss": mean}
    if any(len(row) > 1 for row in logps):
        found["min-k"] = np.array([_least(row) for row in logps])
        if base is not None:
            found["loss beyond base"] = mean - np.array([row.mean() for row in base])
    return found


def _least(logp_T: Array) -> float:
    import numpy as np

    count = max(1, round(MIN_K * len(logp_T)))
    return float(np.sort(logp_T)[:count].mean())
