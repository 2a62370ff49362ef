"""How much likelier wanted answers are than unwanted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import ratio

if TYPE_CHECKING:
    from tuneful.evaluating.measures.judgements import JudgementSample
    from tuneful.evaluating.metrics.base import Array


class Separation:
    """Mean log p a token of wanted answers minus that of unwanted ones, nats."""

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    is_share: ClassVar[bool] = False
    measures: ClassVar[tuple[str, ...]] = ("judgements",)
    title: ClassVar[str] = "wanted over unwanted, nats a token"
    undefined: ClassVar[str] = "the answers of all test rows are wanted, or all unwanted"

    def __init__(self, part: str = "") -> None:
        self.part = part

    def statistics(self, sample: JudgementSample) -> Array:
        """Sum and number of wanted answers, then of unwanted ones: [N, 4]."""
        import numpy as np

        good_N, mean_N = sample.is_good_N, sample.mean_N
        return np.stack([good_N * mean_N, good_N, (1 - good_N) * mean_N, 1 - good_N], axis=1)

    def combine(self, sums_RK: Array, num_rows: int) -> Array:
        """Difference of the means; NaN where one kind is missing."""
        del num_rows
        return ratio(sums_RK[:, 0], sums_RK[:, 1]) - ratio(sums_RK[:, 2], sums_RK[:, 3])
