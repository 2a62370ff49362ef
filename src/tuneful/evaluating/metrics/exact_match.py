"""Exact match: the share of answers that are the reference, but for spaces around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tuneful.evaluating.metrics.base import Mean

if TYPE_CHECKING:
    from tuneful.evaluating.measures.answers import AnswerSample
    from tuneful.evaluating.metrics.base import Array


class ExactMatch(Mean):
    """Equal answers by all answers."""

    measures: ClassVar[tuple[str, ...]] = ("answers",)
    title: ClassVar[str] = "exact match"

    def statistics(self, sample: AnswerSample) -> Array:
        """1 for each equal answer: [N, 1]."""
        import numpy as np

        pairs = zip(sample.answers, sample.references, strict=True)
        return np.array([[float(said.strip() == meant.strip())] for said, meant in pairs])
