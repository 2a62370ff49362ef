"""Macro F1: the mean over classes of the harmonic mean of precision and recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.measures.labels import LabelSample
    from tuneful.evaluating.metrics.base import Array


class MacroF1:
    """F1 = 2 TP / (2 TP + FP + FN) of each class; 0 for one never right, as scikit-learn has it.

    A class that neither occurs nor is chosen is left out of the mean.
    """

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes", "labels")
    title: ClassVar[str] = "macro F1"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample | LabelSample) -> Array:
        """For each class: right, chosen and true rows: [N, 3 * C]."""
        import numpy as np

        chose_NC, is_NC = sample.chose_NC, sample.is_NC
        return np.concatenate([chose_NC * is_NC, chose_NC, is_NC], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The mean of the classes' F1."""
        import numpy as np

        del num_rows
        right_RC, chosen_RC, true_RC = np.split(sums_RK, 3, axis=1)
        there_RC = chosen_RC + true_RC
        f1_RC = np.divide(2 * right_RC, there_RC, out=np.zeros_like(there_RC), where=there_RC > 0)
        return f1_RC.sum(axis=1) / np.maximum(1, (there_RC > 0).sum(axis=1))
