"""Exact match: the share of answers that are the reference, but for spaces around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuneful.evaluating.metrics.base import Mean, answers

if TYPE_CHECKING:
    from tuneful.evaluating.metrics.base import Array
    from tuneful.evaluating.samples import Sample


class ExactMatch(Mean):
    """Equal answers by all answers."""

    head: ClassVar[Literal["classes", "tokens"]] = "tokens"
    title: ClassVar[str] = "exact match"

    def statistics(self, sample: Sample) -> Array:
        """1 for each equal answer: [N, 1]."""
        import numpy as np

        known = answers(sample, "exact_match")
        pairs = zip(known.answers, known.references, strict=True)
        return np.array([[float(said.strip() == meant.strip())] for said, meant in pairs])
