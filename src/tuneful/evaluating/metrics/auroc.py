"""AUROC: how often a row of a class has a higher probability of it than a row of another class.

The area under the curve of true by false positives (Hanley and McNeil 1982); a tie counts half. Of
more than two classes it is the mean over classes, each against the rest, without those that none or
all of the rows are of (scikit-learn: multi_class="ovr", average="macro").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array

RESAMPLES_AT_ONCE = 32
"""So that a few hundred rows of them stay in the processor's cache."""


class Auroc:
    """The mean over classes of the area under the curve; 0.5 is chance."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "AUROC"
    undefined: ClassVar[str] = "all test rows are of one class"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample) -> Array:
        """Probabilities, then whether a class is the true one: [N, 2 C]; of two classes the last.

        The first of two has the same area.
        """
        import numpy as np

        first = 1 if sample.probability_NC.shape[1] == 2 else 0
        return np.concatenate([sample.probability_NC[:, first:], sample.is_NC[:, first:]], axis=1)

    def weighed(self, weights_RN: Array, statistics_NK: Array) -> Array:
        """The area for each weighting; NaN where only one class has weight."""
        import numpy as np

        size = statistics_NK.shape[1] // 2
        score_NC, is_NC = statistics_NK[:, :size], statistics_NK[:, size:]
        area_CR = np.stack([_area(weights_RN, score_NC[:, c], is_NC[:, c]) for c in range(size)])
        known_R = (~np.isnan(area_CR)).sum(axis=0)
        none_R = np.full(len(weights_RN), np.nan)
        return np.divide(np.nansum(area_CR, axis=0), known_R, out=none_R, where=known_R > 0)


def _area(weights_RN: Array, score_N: Array, is_N: Array) -> Array:
    """Weight of pairs in order, ties half, by the weight of all pairs: [R].

    Rows stand along the first axis, so that each step goes over many resamples at once.
    """
    import numpy as np

    order_N = np.argsort(score_N, kind="stable")
    ranked_N, is_true_N = score_N[order_N], is_N[order_N] > 0
    # Rows of one score stand together, so that a tie can count half.
    begins = np.flatnonzero(np.concatenate([[True], ranked_N[1:] != ranked_N[:-1]]))
    has_ties = len(begins) < len(order_N)
    found: list[Array] = []
    for start in range(0, len(weights_RN), RESAMPLES_AT_ONCE):
        ranked_NR = weights_RN[start : start + RESAMPLES_AT_ONCE].T[order_N]
        true_NR = np.where(is_true_N[:, None], ranked_NR, 0.0)
        false_NR = ranked_NR - true_NR
        if has_ties:
            true_NR = np.add.reduceat(true_NR, begins, axis=0)
            false_NR = np.add.reduceat(false_NR, begins, axis=0)
        below_NR = np.cumsum(false_NR, axis=0)
        pairs_R = true_NR.sum(axis=0) * below_NR[-1]
        below_NR -= false_NR / 2
        won_R = np.einsum("nr,nr->r", true_NR, below_NR)
        found.append(np.divide(won_R, pairs_R, out=np.full_like(won_R, np.nan), where=pairs_R > 0))
    return np.concatenate(found)
