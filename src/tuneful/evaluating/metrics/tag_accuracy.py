"""Tag accuracy: the share of words whose tag is the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from tuneful.evaluating.measures.tags import TagSample
    from tuneful.evaluating.metrics.base import Array


class TagAccuracy:
    """Right words by all words; high by itself where most words are O."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = True
    measures: ClassVar[tuple[str, ...]] = ("tags",)
    title: ClassVar[str] = "tag accuracy"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: TagSample) -> Array:
        """Right words and words of each row: [N, 2]."""
        import numpy as np

        rows = zip(sample.chosen, sample.truth, strict=True)
        right = [[sum(map(str.__eq__, said, meant)), len(meant)] for said, meant in rows]
        return np.array(right, dtype=np.float64)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Right words by words."""
        import numpy as np

        del num_rows
        return sums_RK[:, 0] / np.maximum(1, sums_RK[:, 1])
