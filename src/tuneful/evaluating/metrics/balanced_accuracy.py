"""Balanced accuracy: the mean over classes of the share of their rows that are got right.

Always choosing the commonest of C classes measures 1 / C, however common it is (Brodersen et al.
2010). A class without rows is left out, as scikit-learn does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array


class BalancedAccuracy:
    """The mean of the classes' recall."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "balanced accuracy"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample) -> Array:
        """For each class: right rows, then true rows: [N, 2 C]."""
        import numpy as np

        is_NC = sample.is_NC
        return np.concatenate([sample.chose_NC * is_NC, is_NC], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The mean of right by true rows over classes that there are."""
        import numpy as np

        del num_rows
        right_RC, true_RC = np.split(sums_RK, 2, axis=1)
        recall_RC = np.divide(right_RC, true_RC, out=np.zeros_like(true_RC), where=true_RC > 0)
        return recall_RC.sum(axis=1) / np.maximum(1, (true_RC > 0).sum(axis=1))
