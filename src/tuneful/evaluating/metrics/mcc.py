"""MCC: the correlation of chosen and true classes, from -1 to 1 (Matthews 1975).

Of more than two classes it is Gorodkin's R_K (2004), equation 8: with c rows right of s, p_k rows
chosen and t_k rows true of class k, (c s - sum p t) / sqrt((s^2 - sum p^2) (s^2 - sum t^2)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array


class MatthewsCorrelation:
    """1 is perfect, 0 is chance or always one class, -1 always wrong."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "MCC"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample) -> Array:
        """Whether a row is right, then its chosen and its true class: [N, 1 + 2 C]."""
        import numpy as np

        chose_NC, is_NC = sample.chose_NC, sample.is_NC
        right_N1 = (chose_NC * is_NC).sum(axis=1, keepdims=True)
        return np.concatenate([right_N1, chose_NC, is_NC], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """The correlation; 0 where one side is always one class, as scikit-learn has it."""
        import numpy as np

        chosen_RC, true_RC = np.split(sums_RK[:, 1:], 2, axis=1)
        shared_R = sums_RK[:, 0] * num_rows - (chosen_RC * true_RC).sum(axis=1)
        chosen_R = num_rows**2 - (chosen_RC**2).sum(axis=1)
        true_R = num_rows**2 - (true_RC**2).sum(axis=1)
        scale_R = np.sqrt(chosen_R * true_R)
        return np.divide(shared_R, scale_R, out=np.zeros_like(scale_R), where=scale_R > 0)
