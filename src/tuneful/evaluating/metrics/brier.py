"""Brier score: the squared error of probabilities (Brier 1950), sharpness and calibration in one.

Of two classes it is the mean of (p - y)^2 of one of them, of more the sum over classes, which is
twice as large on the same rows: both as scikit-learn's brier_score_loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array


class Brier(Mean):
    """0 is sure and right; always saying one half of two classes is 0.25."""

    better: ClassVar[Literal["higher", "lower"]] = "lower"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "Brier score"

    def statistics(self, sample: ClassSample) -> Array:
        """Each row's squared error: [N, 1]."""
        apart_NC = sample.probability_NC - sample.is_NC
        error_N1 = (apart_NC**2).sum(axis=1, keepdims=True)
        return error_N1 / 2 if apart_NC.shape[1] == 2 else error_N1
