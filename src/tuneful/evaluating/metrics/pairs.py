"""Pairs of answers in the order that people put them in: how many, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tuneful.evaluating.measures.preferences import PreferenceSample
    from tuneful.evaluating.measures.rewards import RewardSample
    from tuneful.evaluating.metrics.base import Array

TIED = "people put no answer of a test row above another"


class PairAccuracy(Ratio):
    """The share of pairs that the model puts in people's order; a tie counts half."""

    measures: ClassVar[tuple[str, ...]] = ("preferences", "rewards")
    title: ClassVar[str] = "pair accuracy"
    undefined: ClassVar[str] = TIED

    def statistics(self, sample: PreferenceSample | RewardSample) -> Array:
        """Pairs in order, and pairs: [N, 2]."""
        return _sums([(apart > 0) + 0.5 * (apart == 0) for apart in sample.apart])


class PairMargin(Ratio):
    """How far apart the model puts a pair, nats: of summed log p, or of a reward model's scores."""

    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("preferences", "rewards")
    title: ClassVar[str] = "pair margin, nats"
    undefined: ClassVar[str] = TIED

    def statistics(self, sample: PreferenceSample | RewardSample) -> Array:
        """Summed margins, and pairs: [N, 2]."""
        return _sums(list(sample.margins))


def _sums(values: Sequence[NDArray[np.float64]]) -> Array:
    """Each row's sum over its pairs, and their number."""
    import numpy as np

    return np.array([[float(of_row.sum()), float(len(of_row))] for of_row in values])
