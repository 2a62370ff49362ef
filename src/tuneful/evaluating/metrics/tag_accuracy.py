"""Tag accuracy: the share of words whose tag is the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Ratio

if TYPE_CHECKING:
    from tuneful.evaluating.measures.tags import TagSample
    from tuneful.evaluating.metrics.base import Array


class TagAccuracy(Ratio):
    """Right words by all words; high by itself where most words are O."""

    measures: ClassVar[tuple[str, ...]] = ("tags",)
    title: ClassVar[str] = "tag accuracy"
    undefined: ClassVar[str] = "the test rows have no words"

    def statistics(self, sample: TagSample) -> Array:
        """Right words and words of each row: [N, 2]."""
        import numpy as np

        rows = zip(sample.chosen, sample.truth, strict=True)
        right = [[sum(map(str.__eq__, said, meant)), len(meant)] for said, meant in rows]
        return np.array(right, dtype=np.float64)
