"""How differently groups are treated: rates of classes by group, and the gaps between them.

Source: demographic parity and equalized odds (Hardt et al. 2016, arXiv:1610.02413), with the names
        and numbers of fairlearn; the gap beyond that of the true classes is bias amplification
        (Zhao et al. 2017, arXiv:1707.09457).
Shapes: N rows, G groups, K numbers of a row, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.auditing.intervals import bounds, resampled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.evaluating.interval import Interval
    from tuneful.evaluating.metrics.base import Array

    Flags = NDArray[np.bool_]

RATES = ("selection", "truth", "accuracy", "true positives", "false positives")


def rates(is_N: Flags, chose_N: Flags) -> Array:
    """What is summed over a group's rows, numerators beside denominators: [N, 10].

    Args:
        is_N: Whether the class is true.
        chose_N: Whether it was chosen.
    """
    import numpy as np

    every = np.ones(len(is_N), bool)
    pairs = [
        (chose_N, every),
        (is_N, every),
        (is_N == chose_N, every),
        (is_N & chose_N, is_N),
        (~is_N & chose_N, ~is_N),
    ]
    return np.array([part for pair in pairs for part in pair], np.float64).T


def of_group(sums_RK: Array) -> dict[str, Array]:
    """The rates [R] of a group's sums; nan where nothing was counted."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            name: sums_RK[..., 2 * at] / sums_RK[..., 2 * at + 1] for at, name in enumerate(RATES)
        }


@dataclass(frozen=True)
class Spread:
    """How far apart the groups are, as fairlearn has it: largest minus smallest rate."""

    demographic_parity: float
    equalized_odds: float


def spread(is_N: Flags, chose_N: Flags, in_GN: Flags) -> Spread:
    """Demographic parity difference and equalized odds difference over groups.

    Args:
        is_N: Whether the class is true.
        chose_N: Whether it was chosen.
        in_GN: Which rows are a group's.
    """
    import numpy as np

    summed_NK = rates(is_N, chose_N)
    by_group = [of_group(summed_NK[in_N].sum(axis=0)) for in_N in in_GN]
    apart = {name: float(np.ptp([own[name] for own in by_group])) for name in RATES}
    odds = max(apart["true positives"], apart["false positives"])
    return Spread(apart["selection"], odds)


@dataclass(frozen=True)
class Gap:
    """A group's rate minus the others'.

    Attributes:
        what: "accuracy", "true positives", "false positives", or "selection beyond truth": how
            much more often the class is chosen than the true classes give reason for.
        rows: That the rate is of, in the smaller of the two.
        shown: With its 95 % interval.
        sure: With the interval that holds for all comparisons together.
    """

    what: str
    rows: int
    shown: Interval
    sure: Interval


def gaps(summed_NK: Array, in_N: Flags, other_N: Flags, draws: tuple[int, int, int]) -> list[Gap]:
    """What a group gets differently from others.

    Args:
        summed_NK: Of `rates`.
        in_N: The group's rows.
        other_N: Rows of the others.
        draws: Resamples, seed, and the number of comparisons that are made in all.
    """
    import numpy as np

    resamples, seed, comparisons = draws
    used_N = in_N | other_N
    masked = [summed_NK[used_N] * mask[used_N, None] for mask in (in_N, other_N)]
    size = summed_NK.shape[1]
    sums_RK = resampled(np.concatenate(masked, axis=1), resamples, seed)
    drawn = _apart(of_group(sums_RK[:, :size]), of_group(sums_RK[:, size:]))
    sums = [part.sum(axis=0) for part in masked]
    seen = _apart(*map(of_group, sums))
    smaller: list[float] = np.minimum(*sums)[1::2].tolist()
    counted: dict[str, float] = dict(zip(RATES, smaller, strict=True))
    found: list[Gap] = []
    for name, value in seen.items():
        if np.isfinite(value):
            pair = [bounds(float(value), drawn[name], count) for count in (1, comparisons)]
            found.append(Gap(name, int(counted.get(name, counted["selection"])), *pair))
    return found


def _apart(own: dict[str, Array], others: dict[str, Array]) -> dict[str, Array]:
    apart = {name: own[name] - others[name] for name in RATES}
    excess = apart.pop("selection") - apart.pop("truth")
    return {**apart, "selection beyond truth": excess}
