"""Accuracy: the share of rows whose likeliest class is the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Mean, classes

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Array
    from tuneful.evaluating.samples import Sample


class Accuracy(Mean):
    """Right rows by all rows."""

    head: ClassVar[Literal["classes", "tokens"]] = "classes"
    title: ClassVar[str] = "accuracy"

    def statistics(self, sample: Sample) -> Array:
        """1 for each row got right: [N, 1]."""
        known = classes(sample, "accuracy")
        return (known.chosen_N == known.truth_N).astype("float64")[:, None]
