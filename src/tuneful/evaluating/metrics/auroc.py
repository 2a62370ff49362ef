"""AUROC: how often a row of a class has a higher probability of it than a row that is not of it.

The area under the curve of true by false positives (Hanley and McNeil 1982); a tie counts half. Of
more than two classes, or of several a text, it is the mean over classes, each against the rest,
without those that none or all of the rows are of (scikit-learn: average="macro", and
multi_class="ovr" where a text has one class).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.measures.labels import LabelSample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array

RESAMPLES_AT_ONCE = 64
"""So that a thousand rows of them stay in the processor's cache."""


class Auroc:
    """The mean over classes of the area under the curve; 0.5 is chance."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes", "labels")
    title: ClassVar[str] = "AUROC"
    undefined: ClassVar[str] = "no class has both test rows that are of it and rows that are not"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample | LabelSample) -> Array:
        """What ranks rows, then whether a class is a true one: [N, 2 C].

        Where a text has one of two classes, of the last: the first has the same area.
        """
        import numpy as np

        if isinstance(sample, LabelSample):
            return np.concatenate([sample.log_odds_NC, sample.is_NC], axis=1)
        first = 1 if sample.probability_NC.shape[1] == 2 else 0
        return np.concatenate([sample.probability_NC[:, first:], sample.is_NC[:, first:]], axis=1)

    def weighed(self, weights_RN: Array, statistics_NK: Array) -> Array:
        """The area for each weighting, by whole numbers; NaN where no class has both outcomes."""
        import numpy as np

        score_NC, is_NC = np.split(statistics_NK, 2, axis=1)
        sides = [_Sides(score_NC[:, c], is_NC[:, c] > 0) for c in range(score_NC.shape[1])]
        found: list[Array] = []
        for start in range(0, len(weights_RN), RESAMPLES_AT_ONCE):
            # Rows along the first axis: each step goes over many resamples. Sums of whole numbers
            # need not wait for each other as long as those of floats.
            count_NR = weights_RN[start : start + RESAMPLES_AT_ONCE].T.astype(np.int32)
            found.append(_mean_of_known(np.stack([side.area(count_NR) for side in sides])))
        return np.concatenate(found)


class _Sides:
    """Rows of a class and all others, the others in the order of their scores."""

    def __init__(self, score_N: Array, is_N: NDArray[np.bool_]) -> None:
        import numpy as np

        others = np.flatnonzero(~is_N)
        self.own_P, self.other_Q = np.flatnonzero(is_N), others[np.argsort(score_N[others])]
        ranked_Q, own_P = score_N[self.other_Q], score_N[self.own_P]
        # How many of the others are below each of the class's rows, and how many not above it.
        self.below_P = np.searchsorted(ranked_Q, own_P, side="left")
        self.until_P = np.searchsorted(ranked_Q, own_P, side="right")

    def area(self, count_NR: NDArray[np.int32]) -> Array:
        """Pairs in order, ties half, by all pairs: [R]; NaN where there are none."""
        import numpy as np

        own_PR = count_NR[self.own_P]
        sums_QR = np.zeros((len(self.other_Q) + 1, count_NR.shape[1]), dtype=np.int32)
        np.cumsum(count_NR[self.other_Q], axis=0, out=sums_QR[1:])
        won_PR = sums_QR[self.below_P] + sums_QR[self.until_P]
        won_R = np.multiply(own_PR, won_PR, dtype=np.float64).sum(axis=0)
        pairs_R = own_PR.sum(axis=0).astype(np.float64) * sums_QR[-1]
        none_R = np.full_like(won_R, np.nan)
        return np.divide(won_R, 2 * pairs_R, out=none_R, where=pairs_R > 0)


def _mean_of_known(area_CR: Array) -> Array:
    """The mean over classes that have an area; NaN where none has: [R]."""
    import numpy as np

    known_R = (~np.isnan(area_CR)).sum(axis=0)
    none_R = np.full(area_CR.shape[1], np.nan)
    return np.divide(np.nansum(area_CR, axis=0), known_R, out=none_R, where=known_R > 0)
