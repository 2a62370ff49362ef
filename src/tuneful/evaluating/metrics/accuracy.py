"""Accuracy: the share of rows whose likeliest class is the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.metrics.base import Array


class Accuracy(Mean):
    """Right rows by all rows."""

    measures: ClassVar[tuple[str, ...]] = ("classes",)
    title: ClassVar[str] = "accuracy"

    def statistics(self, sample: ClassSample) -> Array:
        """1 for each row got right: [N, 1]."""
        return (sample.chosen_N == sample.truth_N).astype("float64")[:, None]
