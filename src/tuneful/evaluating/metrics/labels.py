"""Several classes a text: F1 over all decisions, and the share of texts got wholly right.

Where a text has one class, and one is chosen, F1 over all decisions is the accuracy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.classes import ClassSample
    from tuneful.evaluating.measures.labels import LabelSample
    from tuneful.evaluating.metrics.base import Array


class MicroF1:
    """2 TP / (2 TP + FP + FN) over all rows and classes; 0 where nothing is chosen and true."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("classes", "labels")
    title: ClassVar[str] = "micro F1"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: ClassSample | LabelSample) -> Array:
        """Classes that are right, and classes chosen plus classes true: [N, 2]."""
        import numpy as np

        right_N = (sample.chose_NC * sample.is_NC).sum(axis=1)
        return np.stack([right_N, (sample.chose_NC + sample.is_NC).sum(axis=1)], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """F1 of the sums."""
        import numpy as np

        del num_rows
        return 2 * sums_RK[:, 0] / np.maximum(1, sums_RK[:, 1])


class SubsetAccuracy(Mean):
    """The share of rows with all of their classes and no other."""

    measures: ClassVar[tuple[str, ...]] = ("labels",)
    title: ClassVar[str] = "all classes right"

    def statistics(self, sample: LabelSample) -> Array:
        """1 for each row got wholly right: [N, 1]."""
        return (sample.chose_NC == sample.is_NC).all(axis=1).astype("float64")[:, None]
